import { type MillraceError, nearest, positionAt } from '@millrace/core';
import type { Identifier } from './ast.ts';
import { reservedWords } from './lexer/keywords.ts';
import { lex } from './lexer/lex.ts';
import { quote, unquote } from './lexer/string-literal.ts';
import type { Token } from './lexer/token.ts';
import { type Span, syntaxError } from './syntax-error.ts';

/**
 * A place in the tokens of a text. What was asked for at the present token and was not there is remembered, so that the error
 * names everything that could have stood there.
 */
export class TokenCursor {
  readonly source: string;
  readonly tokens: readonly Token[];
  #index = 0;
  #expected: string[] = [];
  #hints: string[] = [];

  constructor(source: string) {
    this.source = source;
    this.tokens = lex(source).filter((token) => token.kind !== 'comment');
  }

  get token(): Token {
    return this.tokens[this.#index]!;
  }

  /** The token `distance` behind the present one; behind the last stands the end. */
  peek(distance: number): Token {
    return this.tokens[Math.min(this.#index + distance, this.tokens.length - 1)]!;
  }

  /** The offset where the present token begins. */
  get start(): number {
    return this.token.start;
  }

  /** The offset behind the last token that was taken. */
  get end(): number {
    return this.#index === 0 ? 0 : this.tokens[this.#index - 1]!.end;
  }

  advance(): Token {
    const token = this.token;
    if (token.kind === 'end') return token;
    this.#index++;
    this.#forget();
    return token;
  }

  /** Moves to the first token that begins at or behind an offset, which is not before the present one. */
  skipTo(offset: number): void {
    if (this.token.start >= offset) return;
    while (this.token.start < offset && this.token.kind !== 'end') this.#index++;
    this.#forget();
  }

  #forget(): void {
    if (this.#expected.length > 0) this.#expected = [];
    if (this.#hints.length > 0) this.#hints = [];
  }

  /** Whether these keywords or symbols stand here, one behind the other. */
  at(...keys: readonly string[]): boolean {
    return keys.every((key, distance) => this.peek(distance).key === key);
  }

  /** Takes these keywords or symbols if they stand here. */
  accept(...keys: readonly string[]): boolean {
    if (!this.at(...keys)) {
      this.expecting(keys.join(' '));
      return false;
    }
    for (let taken = 0; taken < keys.length; taken++) this.advance();
    return true;
  }

  /** Takes these keywords or symbols. @throws {MillraceError} SQL_SYNTAX if others stand here. */
  expect(...keys: readonly string[]): Token {
    const token = this.token;
    if (!this.accept(...keys)) this.unexpected();
    return token;
  }

  /** Remembers what may stand here, for the error that may follow. */
  expecting(what: string): void {
    const shown = /^\W+$/.test(what) ? `'${what}'` : what;
    if (!this.#expected.includes(shown)) this.#expected.push(shown);
  }

  /** Remembers advice for the error that may follow at this token. */
  hinting(hint: string): void {
    this.#hints.push(hint);
  }

  /** Takes the bracket that closes the one at `opening`. */
  close(key: ')' | ']' | '}', opening: Token): void {
    if (this.accept(key)) return;
    if (this.token.kind === 'end') throw this.error(opening, `unclosed '${opening.text}'`, `close it with '${key}'`);
    if (reservedWords.has(this.token.key)) this.#hintOpen(opening);
    this.unexpected();
  }

  #hintOpen(opening: Token): void {
    const { line, column } = positionAt(this.source, opening.start);
    this.hinting(`'${opening.text}' of line ${line}, column ${column} is still open`);
  }

  /** A comma-separated list up to the bracket that closes `opening`; a comma may stand behind the last element. */
  list<Element>(key: ')' | ']', opening: Token, element: () => Element): Element[] {
    const elements: Element[] = [];
    while (!this.accept(key)) {
      elements.push(element());
      if (this.accept(',')) continue;
      this.hintMissingComma();
      this.close(key, opening);
      break;
    }
    return elements;
  }

  hintMissingComma(): void {
    const { kind, key } = this.token;
    if ((kind === 'word' && !reservedWords.has(key)) || kind === 'quoted' || kind === 'string' || kind === 'number')
      this.hinting('is a comma missing?');
  }

  /** An unquoted or quoted name that is called `what` in the error. */
  identifier(what: string): Identifier {
    const token = this.token;
    if (!this.atName()) {
      if (token.kind === 'word') this.hinting(`${token.key} is a keyword; as a name it needs quotes: "${token.text}"`);
      this.expecting(what);
      this.unexpected();
    }
    this.advance();
    return identifierOf(token);
  }

  /** An {@link identifier} where every word is one, keywords too. */
  freeName(what: string): Identifier {
    return this.token.kind === 'word' ? identifierOf(this.advance()) : this.identifier(what);
  }

  /** A name where every word is one, keywords too: behind a dot, in a JSON path, in a placeholder. */
  anyName(what: string): string {
    return this.token.kind === 'word' ? this.advance().text : this.identifier(what).name;
  }

  atName(distance = 0): boolean {
    const token = this.peek(distance);
    return token.kind === 'quoted' || (token.kind === 'word' && !reservedWords.has(token.key));
  }

  /** A string literal's value. */
  string(what: string): string {
    const token = this.token;
    if (token.kind !== 'string') {
      if (token.kind === 'quoted') this.hinting(`double quotes are for names; a string is written ${quote(unquote(token.text), "'")}`);
      this.expecting(what);
      this.unexpected();
    }
    this.advance();
    return unquote(token.text);
  }

  error(span: Span, message: string, hint?: string): MillraceError {
    return syntaxError(this.source, span, message, hint);
  }

  /** @throws {MillraceError} NOT_SUPPORTED: it is understood, but there is no such thing here. */
  notSupported(span: Span, message: string, hint?: string): never {
    throw syntaxError(this.source, span, message, hint, 'NOT_SUPPORTED');
  }

  /** Refuses the present token. @throws {MillraceError} SQL_SYNTAX with what was found, what was expected, and what to do about it. */
  unexpected(): never {
    const token = this.#skipStartedPhrase();
    const { problem } = token;
    if (problem !== undefined)
      throw this.error(problem.opening ? { ...token, end: token.start + 1 } : token, problem.message, problem.hint);
    const expected = joinAlternatives(this.#expected);
    throw this.error(token, `unexpected ${describe(token)}${expected === '' ? '' : `, expected ${expected}`}`, this.#hint(token));
  }

  /** If phrases of several words were expected and one has begun here (`AFTER` of `AFTER WATERMARK`), the error is at the word that breaks it off. */
  #skipStartedPhrase(): Token {
    const phrases = this.#expected.map((phrase) => phrase.split(' ')).filter(([first]) => first === this.token.key);
    const begun = phrases.map((words) => words.findIndex((word, distance) => this.peek(distance).key !== word));
    const length = Math.max(0, ...begun);
    if (length > 0) this.#expected = phrases.filter((_, index) => begun[index] === length).map((words) => words.slice(length).join(' '));
    return this.peek(length);
  }

  #hint(token: Token): string | undefined {
    const known = token.kind === 'symbol' ? symbolHints[token.key] : undefined;
    if (known !== undefined) return known;
    const meant = token.kind === 'word' && token.text.length > 2 ? nearest(token.text, this.#expectedWords()) : undefined;
    if (meant !== undefined && meant !== token.key) return `did you mean ${meant}?`;
    return wordHints[token.key] ?? (this.#hints.length > 0 ? this.#hints.join('; ') : undefined);
  }

  #expectedWords(): string[] {
    return this.#expected.filter((what) => /^[A-Z ]+$/.test(what)).flatMap((what) => [what, what.split(' ')[0]!]);
  }
}

const symbolHints: Readonly<Record<string, string>> = {
  '==': "'equal' is written =",
  '&&': 'write AND',
  '<=>': 'write = and IS NULL',
};

const windowHint = 'windows are functions over a stream, as in FROM tumble(s, 5s) … GROUP BY window_start';
const wordHints: Readonly<Record<string, string>> = {
  OVER: windowHint,
  WINDOW: windowHint,
};

/** The name that a word or quoted token is. */
export function identifierOf(token: Token): Identifier {
  const quoted = token.kind === 'quoted';
  return { name: quoted ? unquote(token.text) : token.text, quoted, start: token.start, end: token.end };
}

const shownMax = 32;

function describe(token: Token): string {
  if (token.kind === 'end') return 'end of the text';
  const text = token.text.length > shownMax ? `${token.text.slice(0, shownMax)}…` : token.text;
  if (token.kind === 'string') return `string ${text}`;
  if (token.kind === 'number') return `number ${text}`;
  if (token.kind === 'duration') return `duration ${text}`;
  if (token.kind === 'quoted') return `name ${text}`;
  return `'${text}'`;
}

function joinAlternatives(alternatives: readonly string[]): string {
  if (alternatives.length < 2) return alternatives.join('');
  return `${alternatives.slice(0, -1).join(', ')} or ${alternatives.at(-1)}`;
}
