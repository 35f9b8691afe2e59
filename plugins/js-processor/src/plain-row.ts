import { types } from 'node:util';
import type { Row, Value } from '@millrace/sdk';

/**
 * The rows that a function has given: null, undefined and false are none, an array is several. Shape: objects of the server's own, whatever realm they came
 * from. @throws {TypeError}
 */
export function plainRows(given: unknown): Row[] {
  if (given === null || given === undefined || given === false) return [];
  return Array.isArray(given) ? Array.from(given, plainRow) : [plainRow(given)];
}

function plainRow(given: unknown): Row {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || types.isPromise(given)) {
    throw new TypeError(`${describe(given)} is no row: an object, an array of objects, true for the row as it came, null for none`);
  }
  // Without a prototype no name means anything else than a column.
  const row = Object.create(null) as Record<string, Value>;
  for (const name of Object.keys(given)) row[name] = plainValue((given as Record<string, unknown>)[name]);
  return row;
}

function plainValue(value: unknown): Value {
  switch (typeof value) {
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'string':
      return value;
    case 'undefined':
      return null;
    case 'object':
      return plainObject(value);
    default:
      throw new TypeError(`a ${typeof value} is no value of a row`);
  }
}

function plainObject(value: object | null): Value {
  if (value === null) return null;
  if (Array.isArray(value)) return Array.from(value, plainValue);
  if (types.isMap(value)) return new Map(Array.from(value, ([key, item]) => [plainValue(key), plainValue(item)]));
  if (types.isDate(value)) return value.getTime();
  // An object within a row is what a column of JSON takes.
  return JSON.stringify(value);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'a promise' : `${typeof value} ${String(value).slice(0, 60)}`;
}
