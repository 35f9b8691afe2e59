import { columnKind, type DataType, removeNullable, type Value } from '@millrace/data';

/** Values as JSON keeps them: nan, the infinities, −0 and BigInts as strings. */
export function saveNumber(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
}

/** The inverse of {@link saveNumber}. */
export function loadNumber(state: unknown): number {
  return Number(state);
}

/** A value of a type as JSON keeps it. */
export function saveValue(value: Value): unknown {
  if (typeof value === 'number') return saveNumber(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return [...value].map(([key, item]) => [saveValue(key), saveValue(item)]);
  return Array.isArray(value) ? value.map(saveValue) : value;
}

/** The inverse of {@link saveValue}. */
export function loadValue(state: unknown, type: DataType): Value {
  if (state === null) return null;
  const inner = removeNullable(type);
  switch (inner.kind) {
    case 'array':
      return (state as unknown[]).map((item) => loadValue(item, inner.element));
    case 'tuple':
      return (state as unknown[]).map((item, i) => loadValue(item, inner.elements[i]!.type));
    case 'map':
      return new Map((state as [unknown, unknown][]).map(([key, item]) => [loadValue(key, inner.key), loadValue(item, inner.value)]));
    default:
      return loadScalar(state, inner);
  }
}

function loadScalar(state: unknown, type: DataType): Value {
  if (columnKind(type) === 'bigint') return BigInt(state as string);
  return columnKind(type) === 'number' && typeof state !== 'boolean' ? loadNumber(state) : (state as Value);
}
