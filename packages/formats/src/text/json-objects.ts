import type { Chunk } from '@millrace/data';
import { JsonRecordDecoder } from '../json/json-record-decoder.ts';
import { skipBlanks, skipValue } from '../json/scan.ts';
import type { DecodeColumn, DecodeFailure, DecodeOptions } from '../ports.ts';
import type { RowSource } from './row-reader.ts';

/** Objects of JSON one after another, with blanks, line ends or commas between them, and with or without brackets around all: JSONEachRow. */
export class JsonObjects implements RowSource {
  readonly #decoder: JsonRecordDecoder;
  #text: Buffer = Buffer.alloc(0);

  constructor(columns: readonly DecodeColumn[], options: DecodeOptions) {
    this.#decoder = new JsonRecordDecoder(columns, options);
  }

  get failure(): DecodeFailure {
    return this.#decoder.failure;
  }

  begin(text: Buffer): number {
    this.#text = text;
    this.#decoder.begin(text);
    const hasMark = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf;
    const start = skipBlanks(text, hasMark ? 3 : 0, text.length);
    return this.#behindSeparators(text[start] === 91 ? start + 1 : start);
  }

  next(at: number): number | null {
    const text = this.#text;
    const lineEnd = text.indexOf(10, at);
    // Mostly a line is an object; if not, the object is looked for.
    if (lineEnd > 0 && text[lineEnd - 1] === 125 && this.#decoder.append(at, lineEnd)) return this.#behindSeparators(lineEnd);
    const end = skipValue(text, at, text.length);
    if (!this.#decoder.append(at, end < 0 ? text.length : end)) return null;
    return this.#behindSeparators(end);
  }

  finish(): Chunk {
    const { rowCount } = this.#decoder;
    return { rowCount, columns: this.#decoder.finish() };
  }

  /** The start of the next object, or −1. */
  #behindSeparators(at: number): number {
    const text = this.#text;
    let p = skipBlanks(text, at, text.length);
    while (p < text.length && (text[p] === 44 || text[p] === 59)) p = skipBlanks(text, p + 1, text.length);
    if (p < text.length && text[p] === 93) p = skipBlanks(text, p + 1, text.length);
    return p === text.length ? -1 : p;
  }
}
