import { type Column, columnKind, type Value } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { createColumnBuilder } from './column-builder.ts';

/** A column of these values, each of the type's JavaScript form or null. */
export function columnOf(type: DataType, values: readonly Value[]): Column {
  const builder = createColumnBuilder(type, values.length);
  for (const value of values) builder.append(value);
  return builder.finish();
}

/** A column that holds one value in every row. */
export function constantColumn(type: DataType, value: Value, rowCount: number): Column {
  if (columnKind(type) === 'value') return { kind: 'value', values: Array.from({ length: rowCount }, () => value) };
  const one = columnOf(type, [value]) as Exclude<Column, { kind: 'value' }>;
  const nulls = one.nulls === null ? null : new Uint8Array(rowCount).fill(1);
  switch (one.kind) {
    case 'number':
      return { kind: 'number', values: new Float64Array(rowCount).fill(one.values[0]!), nulls };
    case 'bigint':
      return one.values instanceof BigInt64Array
        ? { kind: 'bigint', values: new BigInt64Array(rowCount).fill(one.values[0]!), nulls }
        : { kind: 'bigint', values: new BigUint64Array(rowCount).fill(one.values[0]!), nulls };
    case 'string':
      return {
        kind: 'string',
        bytes: one.bytes,
        starts: new Int32Array(rowCount),
        ends: new Int32Array(rowCount).fill(one.ends[0]!),
        nulls,
      };
  }
}
