import { type Column, formatDataType, toText } from '@millrace/data';
import type { DecodeColumn, DecodeFailure, DecodeOptions } from '../ports.ts';
import { createLane } from './create-lane.ts';
import type { Lane } from './lane.ts';

/** The lanes of the columns that a decoder fills, row by row, and what it says of a row that it could not fill. */
export class LaneSet {
  readonly columns: readonly DecodeColumn[];
  readonly lanes: readonly Lane[];
  rowCount = 0;
  failure: DecodeFailure = { message: 'nothing has failed', column: null, at: 0 };
  #capacity = 256;

  constructor(columns: readonly DecodeColumn[], options: DecodeOptions) {
    this.columns = columns;
    this.lanes = columns.map((column) => createLane(column.type, options.timezone, this.#capacity));
  }

  begin(bytes: Buffer): void {
    for (const lane of this.lanes) lane.begin(bytes);
  }

  /** Makes room for one row more. */
  reserve(): void {
    if (this.rowCount < this.#capacity) return;
    this.#capacity *= 2;
    for (const lane of this.lanes) lane.grow(this.#capacity);
  }

  /** Puts into the next row of a column what stands for a value that is not there. */
  setFallback(index: number, at: number): boolean {
    const { fallback, name } = this.columns[index]!;
    switch (fallback.kind) {
      case 'refuse':
        return this.fail('the field is missing or null', name, at);
      case 'null':
        this.lanes[index]!.setNull(this.rowCount);
        return true;
      case 'value':
        if (fallback.value === null) this.lanes[index]!.setNull(this.rowCount);
        else this.lanes[index]!.setValue(this.rowCount, fallback.value);
        return true;
    }
  }

  /** Notes why the row is refused, and gives false. */
  fail(message: string, column: string | null, at: number): false {
    for (const lane of this.lanes) lane.clearNull(this.rowCount);
    this.failure = { message, column, at };
    return false;
  }

  /** {@link fail} for a value that is none of its column's type. */
  failValue(index: number, bytes: Buffer, start: number, end: number, at: number): false {
    const { name, type } = this.columns[index]!;
    const text = toText(bytes.toString('latin1', start, Math.min(end, start + 60)));
    return this.fail(`${text}${end - start > 60 ? '…' : ''} is no ${formatDataType(type)}`, name, at);
  }

  finish(): Column[] {
    this.rowCount = 0;
    return this.lanes.map((lane) => lane.take());
  }
}
