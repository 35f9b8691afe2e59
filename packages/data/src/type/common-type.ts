import type { DataType } from '../data-type.ts';
import {
  isDateTime,
  isEnum,
  isFloat,
  isInteger,
  isNullable,
  isStringLike,
  isTemporal,
  isUnsignedInteger,
  makeNullable,
  precisionOf,
  removeNullable,
  sameType,
  zoneOf,
} from './type-predicates.ts';

/**
 * The type that can hold the values of all of them (`if`, UNION, array literals, coalesce), or null if there is none.
 *
 * Integers: the narrowest type that holds both ranges; uint64 with a signed type has none. Integers of up to 16 bits with
 * float32 give float32, other mixes of integer and float float64. bool with an integer gives the integer. date, datetime and
 * datetime64 give the finest of them, in the first zone named. `nothing` (bare NULL, `[]`) gives way; one nullable makes the result nullable.
 * Of no types: nothing.
 * @see ClickHouse: getLeastSupertype
 */
export function commonType(types: readonly DataType[]): DataType | null {
  let common: DataType = { kind: 'nothing' };
  for (const type of types) {
    const next = pairType(removeNullable(common), removeNullable(type));
    if (next === null) return null;
    common = isNullable(common) || isNullable(type) ? makeNullable(next) : next;
  }
  return common;
}

/**
 * The type in which two values are compared, or null if they cannot be. As {@link commonType}, and: a string beside a
 * temporal, uuid, ip or enum type is read as that type; numbers compare with numbers whatever their types (uint64 with a
 * signed type in int64 or by value: JavaScript compares numbers and BigInts exactly).
 */
export function comparisonType(left: DataType, right: DataType): DataType | null {
  const common = commonType([left, right]);
  const [a, b] = [removeNullable(left), removeNullable(right)];
  const wrap = (type: DataType) => (isNullable(left) || isNullable(right) ? makeNullable(type) : type);
  if (isStringLike(a) && readsFromString(b)) return wrap(b);
  if (isStringLike(b) && readsFromString(a)) return wrap(a);
  if (common !== null) return common;
  if (isInteger(a) && isInteger(b)) return wrap({ kind: 'int64' });
  return null;
}

function readsFromString(type: DataType): boolean {
  return isTemporal(type) || isEnum(type) || type.kind === 'uuid' || type.kind === 'ipv4' || type.kind === 'ipv6';
}

function pairType(a: DataType, b: DataType): DataType | null {
  if (sameType(a, b) || b.kind === 'nothing') return a;
  if (a.kind === 'nothing') return b;
  if (isInteger(a) && isInteger(b)) return integerType(a, b);
  if ((isInteger(a) || isFloat(a)) && (isInteger(b) || isFloat(b))) return floatType(a, b);
  if (a.kind === 'bool' && isInteger(b)) return b;
  if (b.kind === 'bool' && isInteger(a)) return a;
  if (isTemporal(a) && isTemporal(b)) return temporalType(a, b);
  if ((isStringLike(a) || isEnum(a)) && (isStringLike(b) || isEnum(b))) return { kind: 'string' };
  return compositeType(a, b);
}

function integerType(a: DataType, b: DataType): DataType | null {
  if (isUnsignedInteger(a) === isUnsignedInteger(b)) return bitsOf(a) >= bitsOf(b) ? a : b;
  const [unsigned, signed] = isUnsignedInteger(a) ? [a, b] : [b, a];
  const bits = Math.max(bitsOf(signed), 2 * bitsOf(unsigned));
  return bits > 64 ? null : ({ kind: `int${bits}` } as DataType);
}

function floatType(a: DataType, b: DataType): DataType {
  const fitsFloat32 = (type: DataType) => type.kind === 'float32' || (isInteger(type) && bitsOf(type) <= 16);
  return { kind: fitsFloat32(a) && fitsFloat32(b) ? 'float32' : 'float64' };
}

function bitsOf(type: DataType): number {
  return Number(/\d+$/.exec(type.kind)![0]);
}

function temporalType(a: DataType, b: DataType): DataType {
  const zone = zoneOf(a) ?? zoneOf(b);
  if (a.kind !== 'datetime64' && b.kind !== 'datetime64') return isDateTime(a) || isDateTime(b) ? { kind: 'datetime', zone } : a;
  return { kind: 'datetime64', precision: Math.max(precisionOf(a), precisionOf(b)), zone };
}

function compositeType(a: DataType, b: DataType): DataType | null {
  if (a.kind === 'array' && b.kind === 'array') {
    const element = commonType([a.element, b.element]);
    return element && { kind: 'array', element };
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const [key, value] = [commonType([a.key, b.key]), commonType([a.value, b.value])];
    return key && value && { kind: 'map', key, value };
  }
  if (a.kind !== 'tuple' || b.kind !== 'tuple' || a.elements.length !== b.elements.length) return null;
  const elements: { name: string | null; type: DataType }[] = [];
  for (const [i, left] of a.elements.entries()) {
    const right = b.elements[i]!;
    const type = commonType([left.type, right.type]);
    if (type === null) return null;
    elements.push({ name: left.name === right.name ? left.name : null, type });
  }
  return { kind: 'tuple', elements };
}
