import type { Chunk } from '@millrace/data';
import { LaneSet } from '../lane/lane-set.ts';
import type { DecodeColumn, DecodeFailure, DecodeOptions } from '../ports.ts';
import { createCells, type LineSplitter, placesOf, setCells } from './fields.ts';
import type { RowSource } from './row-reader.ts';

/** Lines of CSV or TSV. With one header line the names say which cell is which column; a second one, of types, is passed over. */
export class Lines implements RowSource {
  readonly #set: LaneSet;
  readonly #split: LineSplitter;
  readonly #headerLines: number;
  readonly #cells = createCells();
  #places: readonly number[];
  #text: Buffer = Buffer.alloc(0);

  constructor(split: LineSplitter, columns: readonly DecodeColumn[], options: DecodeOptions, headerLines: 0 | 1 | 2) {
    this.#set = new LaneSet(columns, options);
    this.#split = split;
    this.#headerLines = headerLines;
    this.#places = columns.map((_, place) => place);
  }

  get failure(): DecodeFailure {
    return this.#set.failure;
  }

  begin(text: Buffer): number {
    this.#text = text;
    this.#set.begin(text);
    let at = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0;
    for (let line = 0; line < this.#headerLines && at >= 0 && at < text.length; line++) {
      at = this.#split(text, at, text.length, this.#cells);
      if (line === 0) this.#places = placesOf(this.#texts(), this.#set);
    }
    return at === text.length ? -1 : at;
  }

  next(at: number): number | null {
    const [set, text] = [this.#set, this.#text];
    set.reserve();
    const end = this.#split(text, at, text.length, this.#cells);
    if (end < 0) {
      set.fail('a quote that is not closed, or text behind a closed one', null, ~end);
      return null;
    }
    const isBlank = this.#cells.count === 1 && this.#places.length > 1 && this.#cells.starts[0] === this.#cells.ends[0];
    if (!isBlank) {
      if (!setCells(set, this.#cells, this.#places, (cell) => Math.max(0, this.#cells.starts[cell]! - at))) return null;
      for (let place = 0; place < set.lanes.length; place++) {
        if (!this.#places.includes(place) && !set.setFallback(place, 0)) return null;
      }
      set.rowCount++;
    }
    return end === text.length ? -1 : end;
  }

  finish(): Chunk {
    const { rowCount } = this.#set;
    return { rowCount, columns: this.#set.finish() };
  }

  #texts(): string[] {
    const { bytes, starts, ends, count } = this.#cells;
    return Array.from({ length: count }, (_, cell) => bytes[cell]!.toString('utf8', starts[cell], ends[cell]));
  }
}
