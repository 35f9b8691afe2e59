import { unitOfSuffix } from './interval-unit.ts';
import type { Token, TokenKind, TokenProblem } from './token.ts';

const asciiWord = /[A-Za-z_][A-Za-z0-9_]*/y;
const anyWord = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}_]*/uy;
const number = /0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const digits = /\d+/y;
const heredocTag = /\$[A-Za-z0-9_]*\$/y;
const symbol = /<=>|::|->|<=|>=|<>|!=|==|\|\||&&|[()[\]{},;.:+\-*/%=<>]/y;
const blank = /\s/;

function match(pattern: RegExp, source: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? '';
}

/** The offset of the first character at or behind `at` that is no white space. */
export function skipBlank(source: string, at: number): number {
  let next = at;
  while (next < source.length) {
    const code = source.charCodeAt(next);
    if (code > 127 ? !blank.test(source[next]!) : code > 32) break;
    next++;
  }
  return next;
}

/** The token that begins at `at`, where no white space stands. `previous` is the one before it, comments left out. */
export function scanToken(source: string, at: number, previous: Token | undefined): Token {
  const char = source[at]!;
  if (char === "'") return scanQuoted(source, at, 'string');
  if (char === '"' || char === '`') return scanQuoted(source, at, 'quoted');
  if (char === '-' && source[at + 1] === '-') return scanLineComment(source, at);
  if (char === '/' && source[at + 1] === '*') return scanBlockComment(source, at);
  if (char === '$') return scanHeredoc(source, at);
  if (char >= '0' && char <= '9') return scanNumber(source, at, previous);
  if (char === '.' && isDigit(source[at + 1]) && !endsOperand(previous, at)) return scanNumber(source, at, undefined);
  const word = scanWord(source, at);
  if (word !== '') return { kind: 'word', start: at, end: at + word.length, text: word, key: word.toUpperCase() };
  const text = match(symbol, source, at);
  if (text !== '') return { kind: 'symbol', start: at, end: at + text.length, text, key: text };
  return scanStray(source, at);
}

function scanWord(source: string, at: number): string {
  const word = match(asciiWord, source, at);
  return source.charCodeAt(at + word.length) > 127 ? match(anyWord, source, at) : word;
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

/** Whether a `.` at `at` is a member access (`t.1`) rather than the beginning of `.5`. */
function endsOperand(previous: Token | undefined, at: number): boolean {
  if (previous === undefined || previous.end !== at) return false;
  return previous.kind !== 'symbol' || previous.key === ')' || previous.key === ']' || previous.key === '}';
}

function token(kind: TokenKind, source: string, start: number, end: number): Token {
  return { kind, start, end, text: source.slice(start, end), key: '' };
}

function invalid(source: string, start: number, end: number, problem: TokenProblem): Token {
  return { ...token('invalid', source, start, end), problem };
}

function scanQuoted(source: string, start: number, kind: 'string' | 'quoted'): Token {
  const mark = source[start]!;
  let at = start + 1;
  for (;;) {
    const char = source[at];
    if (char === undefined) return unclosedQuote(source, start, kind);
    if (char === '\\') at++;
    else if (char === mark) {
      if (source[at + 1] !== mark) break;
      at++;
    }
    at++;
  }
  if (kind === 'quoted' && at === start + 1) {
    return invalid(source, start, at + 1, { message: 'a name in quotes is empty', opening: false, hint: "an empty string is written ''" });
  }
  return token(kind, source, start, at + 1);
}

function unclosedQuote(source: string, start: number, kind: 'string' | 'quoted'): Token {
  const what = kind === 'string' ? 'string' : 'quoted name';
  const hint = `close it with ${source[start]}; inside, write the quote twice`;
  return invalid(source, start, source.length, { message: `unclosed ${what}`, hint, opening: true });
}

function scanLineComment(source: string, start: number): Token {
  const end = source.indexOf('\n', start);
  return token('comment', source, start, end === -1 ? source.length : end);
}

function scanBlockComment(source: string, start: number): Token {
  const end = source.indexOf('*/', start + 2);
  if (end !== -1) return token('comment', source, start, end + 2);
  return invalid(source, start, source.length, { message: 'unclosed comment', hint: 'close it with */', opening: true });
}

function scanHeredoc(source: string, start: number): Token {
  const tag = match(heredocTag, source, start);
  if (tag === '') return scanStray(source, start);
  const end = source.indexOf(tag, start + tag.length);
  if (end !== -1) return token('string', source, start, end + tag.length);
  return invalid(source, start, source.length, { message: `unclosed ${tag} text`, hint: `close it with ${tag}`, opening: true });
}

/** A number, or a duration if a unit stands right behind it. Behind `.` of a member access only its digits belong to it (`t.1.2`). */
function scanNumber(source: string, start: number, previous: Token | undefined): Token {
  const isMember = previous?.key === '.' && previous.end === start;
  const text = match(isMember ? digits : number, source, start);
  const end = start + text.length;
  const suffix = match(anyWord, source, end);
  if (suffix === '') return token('number', source, start, end);
  const isDuration = !isMember && unitOfSuffix(suffix) !== undefined && !/^0[xX]/.test(text);
  if (isDuration) return token('duration', source, start, end + suffix.length);
  const given = source.slice(start, end + suffix.length);
  return invalid(source, start, end + suffix.length, {
    message: `malformed number '${given}'`,
    hint: 'a number is written 12, 1.5, 1e3 or 0xff, a duration with one of the units ns us ms s m h d w M q y; a name that begins with a digit needs quotes',
    opening: false,
  });
}

const strayHints: Readonly<Record<string, string>> = {
  '‘': "strings are written in straight quotes: 'text'",
  '’': "strings are written in straight quotes: 'text'",
  '“': 'strings are written in straight single quotes, names in straight double quotes',
  '”': 'strings are written in straight single quotes, names in straight double quotes',
  '!': 'write NOT, or != for "not equal"',
  '?': 'parameters are written {name:type}',
  '|': 'strings are joined with ||',
  '#': 'comments begin with --',
  '@': 'a name with this character needs quotes: "…"',
  $: 'a name with this character needs quotes: "…"',
};

function scanStray(source: string, start: number): Token {
  const char = String.fromCodePoint(source.codePointAt(start)!);
  const message = `unexpected character '${char}'`;
  const hint = strayHints[char];
  return invalid(source, start, start + char.length, { message, opening: false, ...(hint === undefined ? {} : { hint }) });
}
