import { dataStart, InsertDataWatch } from './insert-data.ts';
import { scanToken, skipBlank } from './scan.ts';
import type { Token } from './token.ts';

/** The longest text that is parsed, in UTF-16 units; the data behind `INSERT … FORMAT name` does not count. */
const textLengthMax = 1024 * 1024;

/**
 * Cuts a text into tokens, comments included, and ends the list with an `end` token. Never throws: what is no token is an `invalid` one,
 * for the parser to refuse when it gets there, and for a highlighter to show.
 */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  const insert = new InsertDataWatch();
  let previous: Token | undefined;
  let at = skipBlank(source, 0);
  while (at < source.length) {
    const token = scanToken(source, at, previous);
    if (token.end > textLengthMax) {
      tokens.push(tooLong(source, at));
      break;
    }
    tokens.push(token);
    at = token.end;
    if (token.kind !== 'comment') {
      previous = token;
      if (insert.endsWithFormatName(token)) at = lexData(source, at, tokens);
    }
    at = skipBlank(source, at);
  }
  tokens.push({ kind: 'end', start: source.length, end: source.length, text: '', key: '' });
  return tokens;
}

function lexData(source: string, at: number, tokens: Token[]): number {
  const start = dataStart(source, at);
  if (start === null) return at;
  tokens.push({ kind: 'data', start, end: source.length, text: source.slice(start), key: '' });
  return source.length;
}

function tooLong(source: string, at: number): Token {
  const message = `the text is longer than ${textLengthMax} characters`;
  const hint = 'rows in bulk go in as INSERT INTO s FORMAT JSONEachRow, with the data behind it';
  return {
    kind: 'invalid',
    start: at,
    end: source.length,
    text: source.slice(at, at + 20),
    key: '',
    problem: { message, hint, opening: false },
  };
}
