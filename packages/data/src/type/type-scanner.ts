import { MillraceError } from '@millrace/core';

/** A piece of the text of a type. `at` counts UTF-16 units from 0. */
export interface TypeToken {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'mark' | 'end';
  readonly text: string;
  readonly at: number;
}

const pattern = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)|('(?:[^'\\]|\\.|'')*')|([-+]?[0-9]+)|([(),=]))/y;

/** Cuts the text of a type into tokens. @throws {MillraceError} PLAN_TYPE_UNKNOWN for a character that no type has. */
export function scanType(text: string): TypeToken[] {
  const tokens: TypeToken[] = [];
  let position = 0;
  while (position < text.length) {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match === null) {
      if (text.slice(position).trim() === '') break;
      throw new MillraceError(
        'PLAN_TYPE_UNKNOWN',
        `${JSON.stringify(text)} is not a type: unexpected ${JSON.stringify(text.slice(position).trim())}`,
      );
    }
    tokens.push(tokenOf(match));
    position = pattern.lastIndex;
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

function tokenOf(match: RegExpExecArray): TypeToken {
  const [whole, word, quoted, string, number, mark] = match;
  const raw = word ?? quoted ?? string ?? number ?? mark!;
  const at = match.index + whole.length - raw.length;
  if (word !== undefined) return { kind: 'word', text: word, at };
  if (quoted !== undefined) return { kind: 'quoted', text: unquote(quoted), at };
  if (string !== undefined) return { kind: 'string', text: unquote(string), at };
  return { kind: number === undefined ? 'mark' : 'number', text: raw, at };
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)|''/gs, (_, escaped: string | undefined) => escaped ?? "'");
}
