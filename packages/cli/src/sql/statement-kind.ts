import { type SyntaxToken, tokenize } from '@millrace/sql';

/** What a client must know of a statement before it sends it; told from its words, so that the server stays the judge of the rest. */
export interface StatementKind {
  /** `INSERT … FORMAT name` without data behind it: the data comes beside the statement. */
  readonly takesData: boolean;
  /** The answer has the format that the statement names. */
  readonly namesFormat: boolean;
  /** EXPLAIN and SHOW CREATE: the answer is lines of text, no table. */
  readonly isText: boolean;
  /** Whether the answer is rows, be they none. */
  readonly givesRows: boolean;
}

const rowWords: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'KILL', 'START', 'STOP', '(']);

/** Tells the kind of one statement. Never throws, whatever the text. */
export function statementKind(text: string): StatementKind {
  const tokens = tokenize(text).filter(({ kind }) => kind !== 'comment');
  const [first, second] = tokens.map(wordOf);
  const namesFormat = tokens.some((token) => wordOf(token) === 'FORMAT');
  return {
    namesFormat: namesFormat && first !== 'INSERT',
    takesData: first === 'INSERT' && wordOf(tokens.at(-2)) === 'FORMAT',
    isText: !namesFormat && (first === 'EXPLAIN' || (first === 'SHOW' && second === 'CREATE')),
    givesRows: rowWords.has(first ?? ''),
  };
}

function wordOf(token: SyntaxToken | undefined): string {
  return token === undefined || token.kind === 'string' ? '' : token.text.toUpperCase();
}
