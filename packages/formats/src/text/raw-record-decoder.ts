import { MillraceError } from '@millrace/core';
import { type Column, isStringLike } from '@millrace/data';
import { LaneSet } from '../lane/lane-set.ts';
import type { DecodeColumn, DecodeFailure, DecodeOptions, RecordDecoder } from '../ports.ts';

/** The whole record value as one string: RawBLOB. A stream of this format has one column. */
export class RawRecordDecoder implements RecordDecoder {
  readonly #set: LaneSet;
  #bytes: Buffer = Buffer.alloc(0);

  /** @throws {MillraceError} PLAN_ARGUMENT_INVALID if there is more than one column, or it is no string. */
  constructor(columns: readonly DecodeColumn[], options: DecodeOptions) {
    if (columns.length > 1 || columns.some(({ type }) => !isStringLike(type))) {
      throw new MillraceError('PLAN_ARGUMENT_INVALID', 'the format RawBLOB takes one column of type string');
    }
    this.#set = new LaneSet(columns, options);
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
    for (let index = 0; index < set.lanes.length; index++) {
      const lane = set.lanes[index]!;
      lane.clearNull(set.rowCount);
      if (!lane.setText(set.rowCount, this.#bytes, start, end)) return set.failValue(index, this.#bytes, start, end, 0);
    }
    set.rowCount++;
    return true;
  }

  finish(): Column[] {
    return this.#set.finish();
  }
}
