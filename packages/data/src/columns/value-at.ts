import type { Column, Value } from '../column.ts';
import type { DataType } from '../data-type.ts';

/** The value of one row. For loops over many rows take {@link valueReader}. */
export function valueAt(column: Column, type: DataType, row: number): Value {
  switch (column.kind) {
    case 'number':
      if (column.nulls !== null && column.nulls[row] === 1) return null;
      return isBoolLane(type) ? column.values[row] !== 0 : column.values[row]!;
    case 'bigint':
      return column.nulls !== null && column.nulls[row] === 1 ? null : column.values[row]!;
    case 'string':
      if (column.nulls !== null && column.nulls[row] === 1) return null;
      return column.bytes.toString('latin1', column.starts[row]!, column.ends[row]!);
    case 'value':
      return column.values[row]!;
  }
}

/** A function that gives the value of a row of this column. */
export function valueReader(column: Column, type: DataType): (row: number) => Value {
  if (column.kind === 'value') return (row) => column.values[row]!;
  const { nulls } = column;
  const read = plainReader(column, type);
  return nulls === null ? read : (row) => (nulls[row] === 1 ? null : read(row));
}

function plainReader(column: Exclude<Column, { kind: 'value' }>, type: DataType): (row: number) => Value {
  if (column.kind === 'string') {
    const { bytes, starts, ends } = column;
    return (row) => bytes.toString('latin1', starts[row]!, ends[row]!);
  }
  const { values } = column;
  if (column.kind === 'number' && isBoolLane(type)) return (row) => values[row] !== 0;
  return (row) => values[row]!;
}

function isBoolLane(type: DataType): boolean {
  return type.kind === 'bool' || (type.kind === 'nullable' && type.inner.kind === 'bool');
}

/** True if the row is NULL. */
export function isNullAt(column: Column, row: number): boolean {
  if (column.kind === 'value') return column.values[row] === null;
  return column.nulls !== null && column.nulls[row] === 1;
}
