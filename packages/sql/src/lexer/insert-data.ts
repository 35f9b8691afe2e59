import type { Token } from './token.ts';

/**
 * Watches the tokens go by for `INSERT INTO s … FORMAT name`, behind which the text is no longer SQL but data.
 * The one place where the lexer knows grammar: the data may hold anything, so it must not be cut into tokens.
 */
export class InsertDataWatch {
  #inInsert = false;
  #atFormatName = false;
  /** Behind VALUES or WITH: the rows follow, unless it is the name of a setting. */
  #atRows = false;
  #depth = 0;
  #previousKey = '';

  /** True if `token` is the format name, so that data begins behind it. */
  endsWithFormatName(token: Token): boolean {
    const isFormatName = this.#atFormatName && token.kind === 'word' && token.key !== 'VALUES';
    this.#atFormatName = false;
    if (isFormatName) this.#inInsert = false;
    else this.#follow(token);
    this.#previousKey = token.key;
    return isFormatName;
  }

  #follow(token: Token): void {
    const { key } = token;
    if (this.#atRows && key !== '=') this.#inInsert = false;
    this.#atRows = this.#depth === 0 && (key === 'VALUES' || key === 'WITH') && this.#previousKey !== 'INTO';
    if (key === 'INTO' && this.#previousKey === 'INSERT') {
      this.#inInsert = true;
      this.#depth = 0;
    } else if (key === '(') this.#depth++;
    else if (key === ')') this.#depth--;
    else if (key === ';' || (this.#depth === 0 && key === 'SELECT')) this.#inInsert = false;
    else if (key === 'FORMAT' && this.#depth === 0) this.#atFormatName = this.#inInsert && this.#previousKey !== 'INTO';
  }
}

/**
 * Where the data begins behind a format name that ends at `at`: behind the rest of a blank line, else at the first character.
 * Null if there is none here: a `;` on the same line ends the statement, and its data comes beside the text.
 */
export function dataStart(source: string, at: number): number | null {
  const gap = /[ \t]*(\r?\n)?/y;
  gap.lastIndex = at;
  const start = at + gap.exec(source)![0].length;
  const isOnLine = !source.slice(at, start).includes('\n');
  if (isOnLine && source[start] === ';') return null;
  return source.slice(start).trim() === '' ? null : start;
}
