import { MillraceError } from '@millrace/core';
import type { Chunk } from '@millrace/data';
import { skipBlanks, skipValue } from '../json/scan.ts';
import { LaneSet } from '../lane/lane-set.ts';
import type { DecodeColumn, DecodeFailure, DecodeOptions } from '../ports.ts';
import { placesOf } from './fields.ts';
import type { RowSource } from './row-reader.ts';

/** Arrays of JSON, one a row, with values by place: JSONCompactEachRow; with a line of names before them, and one of types, if there are such. */
export class JsonArrays implements RowSource {
  readonly #set: LaneSet;
  readonly #headerLines: number;
  #places: readonly number[];
  #text: Buffer = Buffer.alloc(0);

  constructor(columns: readonly DecodeColumn[], options: DecodeOptions, headerLines: 0 | 2) {
    this.#set = new LaneSet(columns, options);
    this.#headerLines = headerLines;
    this.#places = columns.map((_, place) => place);
  }

  get failure(): DecodeFailure {
    return this.#set.failure;
  }

  begin(text: Buffer): number {
    this.#text = text;
    this.#set.begin(text);
    let at = this.#behindSeparators(0);
    for (let line = 0; line < this.#headerLines; line++) {
      const end = at < 0 ? -1 : skipValue(text, at, text.length);
      if (end < 0) throw new MillraceError('DATA_UNDECODABLE', 'the data does not begin with an array of names and one of types');
      if (line === 0) this.#places = placesOf(JSON.parse(text.toString('utf8', at, end)) as string[], this.#set);
      at = this.#behindSeparators(end);
    }
    return at;
  }

  next(at: number): number | null {
    const [set, text] = [this.#set, this.#text];
    set.reserve();
    if (text[at] !== 91) return this.#fail('expected an array', at);
    const end = skipValue(text, at, text.length);
    if (end < 0) return this.#fail('malformed JSON', ~end);
    let p = skipBlanks(text, at + 1, end);
    let cell = 0;
    for (; text[p] !== 93; cell++) {
      const valueEnd = skipValue(text, p, end);
      if (cell < this.#places.length && !this.#setCell(this.#places[cell]!, p, valueEnd, at)) return null;
      p = skipBlanks(text, valueEnd, end);
      if (text[p] === 44) p = skipBlanks(text, p + 1, end);
    }
    if (cell !== this.#places.length) return this.#fail(`${cell} values where ${this.#places.length} are expected`, at);
    for (let place = 0; place < set.lanes.length; place++) {
      if (!this.#places.includes(place) && !set.setFallback(place, 0)) return null;
    }
    set.rowCount++;
    return this.#behindSeparators(end);
  }

  finish(): Chunk {
    const { rowCount } = this.#set;
    return { rowCount, columns: this.#set.finish() };
  }

  #setCell(place: number, start: number, end: number, rowStart: number): boolean {
    const [set, text] = [this.#set, this.#text];
    if (place < 0) return true;
    if (text[start] === 110) return set.setFallback(place, start - rowStart);
    return set.lanes[place]!.setJson(set.rowCount, text, start, end) || set.failValue(place, text, start, end, start - rowStart);
  }

  #fail(message: string, at: number): null {
    this.#set.fail(message, null, at);
    return null;
  }

  #behindSeparators(at: number): number {
    const text = this.#text;
    let p = skipBlanks(text, at, text.length);
    while (p < text.length && (text[p] === 44 || text[p] === 59)) p = skipBlanks(text, p + 1, text.length);
    return p === text.length ? -1 : p;
  }
}
