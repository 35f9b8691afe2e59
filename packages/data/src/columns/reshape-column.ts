import { assert } from '@millrace/core';
import type { BigIntColumn, Column, Nulls, Value } from '../column.ts';

/** The rows `rows[0 … count)` of a column, in that order. String bytes are shared with it. */
export function gather(column: Column, rows: Int32Array, count: number): Column {
  if (column.kind === 'value') return { kind: 'value', values: Array.from({ length: count }, (_, i) => column.values[rows[i]!]!) };
  const nulls = column.nulls === null ? null : gatherNulls(column.nulls, rows, count);
  switch (column.kind) {
    case 'number': {
      const source = column.values;
      const values = new Float64Array(count);
      for (let i = 0; i < count; i++) values[i] = source[rows[i]!]!;
      return { kind: 'number', values, nulls };
    }
    case 'bigint':
      return { kind: 'bigint', values: gatherBigInts(column.values, rows, count), nulls };
    case 'string': {
      const [starts, ends] = [new Int32Array(count), new Int32Array(count)];
      for (let i = 0; i < count; i++) {
        starts[i] = column.starts[rows[i]!]!;
        ends[i] = column.ends[rows[i]!]!;
      }
      return { kind: 'string', bytes: column.bytes, starts, ends, nulls };
    }
  }
}

function gatherNulls(source: Uint8Array, rows: Int32Array, count: number): Uint8Array {
  const nulls = new Uint8Array(count);
  for (let i = 0; i < count; i++) nulls[i] = source[rows[i]!]!;
  return nulls;
}

function gatherBigInts(source: BigIntColumn['values'], rows: Int32Array, count: number): BigIntColumn['values'] {
  const values = source instanceof BigInt64Array ? new BigInt64Array(count) : new BigUint64Array(count);
  // Pairs of 32-bit halves move without making a BigInt of each.
  const [from, to] = [halvesOf(source), halvesOf(values)];
  for (let i = 0; i < count; i++) {
    const row = rows[i]! * 2;
    to[i * 2] = from[row]!;
    to[i * 2 + 1] = from[row + 1]!;
  }
  return values;
}

/** The 32-bit halves of 64-bit lanes (low, high on the little-endian machines that Node.js runs on). */
function halvesOf(values: BigIntColumn['values']): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Rows start … end − 1 as a view: lanes are shared. */
export function sliceColumn(column: Column, start: number, end: number): Column {
  if (column.kind === 'value') return { kind: 'value', values: column.values.slice(start, end) };
  const nulls = column.nulls === null ? null : column.nulls.subarray(start, end);
  switch (column.kind) {
    case 'number':
      return { kind: 'number', values: column.values.subarray(start, end), nulls };
    case 'bigint':
      return { kind: 'bigint', values: column.values.subarray(start, end), nulls };
    case 'string':
      return {
        kind: 'string',
        bytes: column.bytes,
        starts: column.starts.subarray(start, end),
        ends: column.ends.subarray(start, end),
        nulls,
      };
  }
}

/** A column and how many of its rows count. */
export interface ColumnPart {
  readonly column: Column;
  readonly rowCount: number;
}

/** The rows of all parts, one after another, copied: nothing of the parts is kept alive. Parts have the same type; at least one. */
export function concatColumns(parts: readonly ColumnPart[]): Column {
  assert(parts.length > 0, 'columns to concatenate are given');
  const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0);
  switch (parts[0]!.column.kind) {
    case 'number': {
      const values = new Float64Array(rowCount);
      forEachPart(parts, 'number', (column, count, at) => values.set(column.values.subarray(0, count), at));
      return { kind: 'number', values, nulls: concatNulls(parts, rowCount) };
    }
    case 'bigint': {
      const signed = (parts[0]!.column as BigIntColumn).values instanceof BigInt64Array;
      const values = signed ? new BigInt64Array(rowCount) : new BigUint64Array(rowCount);
      forEachPart(parts, 'bigint', (column, count, at) => values.set(column.values.subarray(0, count), at));
      return { kind: 'bigint', values, nulls: concatNulls(parts, rowCount) };
    }
    case 'string':
      return concatStrings(parts, rowCount);
    case 'value': {
      const values: Value[] = [];
      forEachPart(parts, 'value', (column, count) => {
        for (let row = 0; row < count; row++) values.push(column.values[row]!);
      });
      return { kind: 'value', values };
    }
  }
}

function forEachPart<K extends Column['kind']>(
  parts: readonly ColumnPart[],
  kind: K,
  visit: (column: Extract<Column, { kind: K }>, count: number, at: number) => void,
): void {
  let at = 0;
  for (const { column, rowCount } of parts) {
    assert(column.kind === kind, `a ${column.kind} column among ${kind} columns`);
    visit(column as Extract<Column, { kind: K }>, rowCount, at);
    at += rowCount;
  }
}

function concatNulls(parts: readonly ColumnPart[], rowCount: number): Nulls {
  if (parts.every(({ column }) => column.kind === 'value' || column.nulls === null)) return null;
  const nulls = new Uint8Array(rowCount);
  let at = 0;
  for (const { column, rowCount: count } of parts) {
    if (column.kind !== 'value' && column.nulls !== null) nulls.set(column.nulls.subarray(0, count), at);
    at += count;
  }
  return nulls;
}

function concatStrings(parts: readonly ColumnPart[], rowCount: number): Column {
  let byteCount = 0;
  forEachPart(parts, 'string', (column, count) => {
    for (let row = 0; row < count; row++) byteCount += column.ends[row]! - column.starts[row]!;
  });
  const bytes = Buffer.allocUnsafeSlow(byteCount);
  const [starts, ends] = [new Int32Array(rowCount), new Int32Array(rowCount)];
  let to = 0;
  forEachPart(parts, 'string', (column, count, at) => {
    for (let row = 0; row < count; row++) {
      starts[at + row] = to;
      to += column.bytes.copy(bytes, to, column.starts[row]!, column.ends[row]!);
      ends[at + row] = to;
    }
  });
  return { kind: 'string', bytes, starts, ends, nulls: concatNulls(parts, rowCount) };
}

/** The column with the rows of `nulls` NULL too, beside those that are already. Lanes are shared where they can be. */
export function withNulls(column: Column, nulls: Nulls, rowCount: number): Column {
  if (nulls === null) return column;
  if (column.kind === 'value')
    return { kind: 'value', values: Array.from({ length: rowCount }, (_, i) => (nulls[i] === 1 ? null : column.values[i]!)) };
  if (column.nulls === null) return { ...column, nulls };
  const both = new Uint8Array(rowCount);
  for (let row = 0; row < rowCount; row++) both[row] = column.nulls[row]! | nulls[row]!;
  return { ...column, nulls: both };
}
