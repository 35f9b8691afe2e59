import { type Column, type DataType, formatDataType, isNullAt, type Value as StoredValue, valueAt } from '@millrace/data';
import type { ColumnReader, Value } from '@millrace/sdk';
import { storedReader } from './row-reader.ts';

/** A column of an event, over the lanes of its chunk from a row on. */
export class BatchColumn implements ColumnReader {
  readonly name: string;
  readonly type: string;
  readonly lane: ColumnReader['lane'];
  readonly #column: Column;
  readonly #type: DataType;
  readonly #first: number;
  readonly #read: (value: StoredValue) => Value;

  constructor(name: string, type: DataType, column: Column, first: number) {
    this.name = name;
    this.type = formatDataType(type);
    this.lane = laneOf(column, first);
    this.#column = column;
    this.#type = type;
    this.#first = first;
    this.#read = storedReader(type);
  }

  value(row: number): Value {
    const column = this.#column;
    const at = this.#first + row;
    if (column.kind !== 'string') return this.#read(valueAt(column, this.#type, at));
    return isNullAt(column, at) ? null : column.bytes.toString('utf8', column.starts[at]!, column.ends[at]!);
  }

  isNull(row: number): boolean {
    return isNullAt(this.#column, this.#first + row);
  }

  bytes(row: number): Uint8Array | undefined {
    const column = this.#column;
    const at = this.#first + row;
    if (column.kind !== 'string' || isNullAt(column, at)) return undefined;
    return column.bytes.subarray(column.starts[at]!, column.ends[at]!);
  }
}

function laneOf(column: Column, first: number): ColumnReader['lane'] {
  if (column.kind === 'string' || column.kind === 'value') return undefined;
  const lane = column.values as NonNullable<ColumnReader['lane']>;
  return first === 0 ? lane : lane.subarray(first);
}
