import type { Value } from '@millrace/sdk';

/** A value as JSON: 64-bit integers as numbers, maps as objects, what JSON has no number for as text. */
export function jsonText(value: Value): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isMap(value)) return `{${[...value].map(([key, element]) => `${nameOf(key)}:${jsonText(element)}`).join(',')}}`;
  return `[${value.map(jsonText).join(',')}]`;
}

function isMap(value: ReadonlyMap<Value, Value> | readonly Value[]): value is ReadonlyMap<Value, Value> {
  return value instanceof Map;
}

function nameOf(key: Value): string {
  return JSON.stringify(typeof key === 'string' ? key : jsonText(key));
}
