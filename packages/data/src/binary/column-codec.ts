import type { Column, Nulls, StringColumn, Value } from '../column.ts';
import { columnKind } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { removeNullable } from '../type/type-predicates.ts';
import type { BinaryReader } from './binary-reader.ts';
import type { BinaryWriter } from './binary-writer.ts';
import { readValue, writeValue } from './value-codec.ts';

/** Writes rows from … to − 1 of a column of a type. How many they are is not written. */
export function writeColumn(out: BinaryWriter, column: Column, type: DataType, from: number, to: number): void {
  if (column.kind === 'value') {
    for (let row = from; row < to; row++) writeValue(out, column.values[row]!, type);
    return;
  }
  if (column.nulls === null) out.uint8(0);
  else out.flags(column.nulls, from, to);
  if (column.kind === 'number') out.floats(column.values, from, to);
  else if (column.kind === 'bigint') out.bigints(column.values, from, to);
  else writeStrings(out, column, from, to);
}

function writeStrings(out: BinaryWriter, { bytes, starts, ends, nulls }: StringColumn, from: number, to: number): void {
  for (let row = from; row < to; row++) {
    // What stands in the lanes of a NULL row is unspecified.
    if (nulls !== null && nulls[row] === 1) out.count(0);
    else out.span(bytes, starts[row]!, ends[row]!);
  }
}

/** The inverse of {@link writeColumn}, of `count` rows. Strings stay spans over the reader's bytes. @throws {MillraceError} STATE_INVALID */
export function readColumn(from: BinaryReader, type: DataType, count: number): Column {
  switch (columnKind(type)) {
    case 'number': {
      const nulls = readNulls(from, count);
      const values = new Float64Array(count);
      from.floats(values, 0, count);
      return { kind: 'number', values, nulls };
    }
    case 'bigint': {
      const nulls = readNulls(from, count);
      const values = removeNullable(type).kind === 'uint64' ? new BigUint64Array(count) : new BigInt64Array(count);
      from.bigints(values, 0, count);
      return { kind: 'bigint', values, nulls };
    }
    case 'string':
      return readStrings(from, count);
    case 'value':
      return { kind: 'value', values: Array.from({ length: count }, (): Value => readValue(from, type)) };
  }
}

function readStrings(from: BinaryReader, count: number): StringColumn {
  const nulls = readNulls(from, count);
  const [starts, ends] = [new Int32Array(count), new Int32Array(count)];
  for (let row = 0; row < count; row++) {
    const length = from.count();
    starts[row] = from.span(length);
    ends[row] = starts[row]! + length;
  }
  return { kind: 'string', bytes: from.bytes, starts, ends, nulls };
}

function readNulls(from: BinaryReader, count: number): Nulls {
  const nulls = new Uint8Array(count);
  from.flags(nulls, 0, count);
  return nulls.includes(1) ? nulls : null;
}
