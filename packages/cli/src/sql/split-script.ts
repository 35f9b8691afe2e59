import { parseStatements, splitStatements } from '@millrace/sql';

/** A statement of a script, to be sent on its own. */
export interface ScriptStatement {
  /** The statement with as much white space before it as the script has text there: positions in errors are those in the script. */
  readonly text: string;
  /** Line of the script where it begins, from 1. */
  readonly line: number;
}

/**
 * Cuts a script into statements, with `;` between them or without. Where the text cannot be parsed it is cut at its `;`: the server
 * then says what is wrong, after it has run what stands before.
 */
export function splitScript(source: string): ScriptStatement[] {
  return pieces(source).map(({ start, end }) => {
    const before = source.slice(0, start);
    const line = before.split('\n').length;
    const indent = start - (before.lastIndexOf('\n') + 1);
    return { text: '\n'.repeat(line - 1) + ' '.repeat(indent) + source.slice(start, end), line };
  });
}

function pieces(source: string): readonly { readonly start: number; readonly end: number }[] {
  const cut = splitStatements(source);
  if (cut.length === 0) return [];
  try {
    return parseStatements(source);
  } catch {
    return cut;
  }
}
