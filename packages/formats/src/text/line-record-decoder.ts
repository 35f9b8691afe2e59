import type { Column } from '@millrace/data';
import { LaneSet } from '../lane/lane-set.ts';
import type { DecodeColumn, DecodeFailure, DecodeOptions, RecordDecoder } from '../ports.ts';
import { createCells, type LineSplitter, placesOf, setCells } from './fields.ts';

/** Decodes records that are one line of CSV or TSV each. Cells go by place: `options.fields`, or the columns themselves. */
export class LineRecordDecoder implements RecordDecoder {
  readonly #set: LaneSet;
  readonly #split: LineSplitter;
  readonly #places: readonly number[];
  readonly #cells = createCells();
  #bytes: Buffer = Buffer.alloc(0);

  constructor(split: LineSplitter, columns: readonly DecodeColumn[], options: DecodeOptions) {
    this.#split = split;
    this.#set = new LaneSet(columns, options);
    this.#places = placesOf(options.fields ?? columns.map(({ name }) => name), this.#set);
  }

  get failure(): DecodeFailure {
    return this.#set.failure;
  }

  get rowCount(): number {
    return this.#set.rowCount;
  }

  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#set.begin(bytes);
  }

  append(start: number, end: number): boolean {
    const set = this.#set;
    set.reserve();
    for (const lane of set.lanes) lane.clearNull(set.rowCount);
    const lineEnd = this.#split(this.#bytes, start, end, this.#cells);
    if (lineEnd < 0) return set.fail('a quote that is not closed, or text behind a closed one', null, ~lineEnd - start);
    if (lineEnd !== end) return set.fail('more than one line', null, lineEnd - start);
    if (!setCells(set, this.#cells, this.#places, (cell) => Math.max(0, this.#cells.starts[cell]! - start))) return false;
    for (let index = 0; index < set.lanes.length; index++) {
      if (!this.#places.includes(index) && !set.setFallback(index, end - start)) return false;
    }
    set.rowCount++;
    return true;
  }

  finish(): Column[] {
    return this.#set.finish();
  }
}
