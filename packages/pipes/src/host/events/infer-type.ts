import type { DataType } from '@millrace/data';
import { describeValue, ValueRefused } from './stored-value.ts';

/** The type of a new column, by a value that is not null. @throws {ValueRefused} for what no type holds */
export function inferType(value: unknown): DataType {
  switch (typeof value) {
    case 'number':
      return { kind: 'float64' };
    case 'bigint':
      return { kind: 'int64' };
    case 'boolean':
      return { kind: 'bool' };
    case 'string':
      return { kind: 'string' };
  }
  if (Array.isArray(value)) return { kind: 'array', element: inferElement(value) };
  if (value instanceof Map) return { kind: 'map', key: inferPlain([...value.keys()]), value: inferElement([...value.values()]) };
  throw new ValueRefused(`${describeValue(value)} is no value of a row: ${hintFor(value)}`);
}

function hintFor(value: unknown): string {
  if (value instanceof Date) return 'a time is its number of milliseconds (getTime())';
  return 'values are number, bigint, boolean, string, null, arrays and Maps of them';
}

function inferPlain(values: readonly unknown[]): DataType {
  const first = values.find((value) => value !== null && value !== undefined);
  return first === undefined ? { kind: 'string' } : inferType(first);
}

function inferElement(values: readonly unknown[]): DataType {
  const inner = inferPlain(values);
  const isComposite = inner.kind === 'array' || inner.kind === 'map';
  return isComposite ? inner : { kind: 'nullable', inner };
}
