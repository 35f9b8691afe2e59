import { MillraceError } from '@millrace/core';
import type { ByteString, Value } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { formatDataType } from '../type/format-data-type.ts';
import { isStringLike, sameType } from '../type/type-predicates.ts';
import { castError } from './cast-error.ts';
import { parseCompositeText } from './composite-text.ts';
import type { CastOptions } from './format-value.ts';
import {
  type Cast,
  type CastRule,
  toBool,
  toDate,
  toDateTime,
  toEnum,
  toFixedString,
  toFloat,
  toInteger,
  toIpv4,
  toIpv6,
  toJson,
  toPlainText,
  toUuid,
} from './scalar-casts.ts';

const rules: Readonly<Record<DataType['kind'], CastRule>> = {
  int8: toInteger,
  int16: toInteger,
  int32: toInteger,
  int64: toInteger,
  uint8: toInteger,
  uint16: toInteger,
  uint32: toInteger,
  uint64: toInteger,
  float32: toFloat,
  float64: toFloat,
  bool: toBool,
  string: toPlainText,
  fixed_string: toFixedString,
  uuid: toUuid,
  ipv4: toIpv4,
  ipv6: toIpv6,
  json: toJson,
  enum8: toEnum,
  enum16: toEnum,
  date: toDate,
  datetime: toDateTime,
  datetime64: toDateTime,
  array: toComposite,
  map: toComposite,
  tuple: toComposite,
  interval: () => null,
  nothing: () => null,
  nullable: () => null,
};

/**
 * Converts one value as CAST does: strict (a text must be wholly a value of the type), integers wrap into narrower integers,
 * floats lose their fraction but must lie in the integer's range, numbers become date-times as seconds, composites go
 * element by element. NULL converts to nullable types only. For many values of one type take {@link createCast}.
 * @throws {MillraceError} DATA_CAST_FAILED for the value, PLAN_TYPE_MISMATCH if no value of these types converts.
 */
export function castValue(value: Value, from: DataType, to: DataType, options: CastOptions): Value {
  return createCast(from, to, options)(value);
}

/** {@link castValue} for many values: looks the conversion up once. Takes NULL too. */
export function createCast(from: DataType, to: DataType, options: CastOptions): Cast {
  const cast = findCast(from, to, options);
  if (cast !== null) return cast;
  throw new MillraceError('PLAN_TYPE_MISMATCH', `${formatDataType(from)} does not convert to ${formatDataType(to)}`);
}

/** True if some value of `from` converts to `to`. */
export function canCast(from: DataType, to: DataType): boolean {
  return findCast(from, to, { timezone: 'UTC' }) !== null;
}

/**
 * The value that a text names (the inverse of `formatValue`): as a cast from string; `NULL` of a nullable type is NULL.
 * @throws {MillraceError} DATA_CAST_FAILED.
 */
export function parseValue(text: ByteString, type: DataType, options: CastOptions): Value {
  if (type.kind !== 'nullable') return castValue(text, { kind: 'string' }, type, options);
  return text === 'NULL' ? null : parseValue(text, type.inner, options);
}

function findCast(from: DataType, to: DataType, options: CastOptions): Cast | null {
  if (sameType(from, to)) return (value) => value;
  if (from.kind === 'nothing') return to.kind === 'nullable' ? () => null : refuseNull(to);
  if (to.kind === 'nullable') {
    const inner = findCast(from.kind === 'nullable' ? from.inner : from, to.inner, options);
    return inner && ((value) => (value === null ? null : inner(value)));
  }
  if (from.kind === 'nullable') {
    const inner = from.inner.kind === 'nothing' ? refuseNull(to) : findCast(from.inner, to, options);
    return inner && ((value) => (value === null ? refuseNull(to)(value) : inner(value)));
  }
  return rules[to.kind](from, to, options);
}

function refuseNull(to: DataType): Cast {
  return (value) => {
    throw castError(value, to);
  };
}

function toComposite(from: DataType, to: DataType, options: CastOptions): Cast | null {
  if (isStringLike(from)) {
    return (text) => {
      const value = parseCompositeText(text as ByteString, to, (part, type) => castValue(part, { kind: 'string' }, type, options));
      if (value === undefined) throw castError(text, to);
      return value;
    };
  }
  if (from.kind === 'array' && to.kind === 'array') {
    const element = findCast(from.element, to.element, options);
    return element && ((value) => (value as readonly Value[]).map(element));
  }
  if (from.kind === 'tuple' && to.kind === 'tuple' && from.elements.length === to.elements.length) {
    const casts = from.elements.map((element, i) => findCast(element.type, to.elements[i]!.type, options));
    if (casts.includes(null)) return null;
    return (value) => (value as readonly Value[]).map((item, i) => casts[i]!(item));
  }
  return to.kind === 'map' ? toMap(from, to, options) : null;
}

/** From a map, or from an array of pairs. */
function toMap(from: DataType, to: Extract<DataType, { kind: 'map' }>, options: CastOptions): Cast | null {
  const pair = from.kind === 'array' && from.element.kind === 'tuple' && from.element.elements.length === 2 ? from.element.elements : null;
  if (from.kind !== 'map' && pair === null) return null;
  const [fromKey, fromValue] = from.kind === 'map' ? [from.key, from.value] : [pair![0]!.type, pair![1]!.type];
  const [key, item] = [findCast(fromKey, to.key, options), findCast(fromValue, to.value, options)];
  if (key === null || item === null) return null;
  return (value) => new Map([...(value as Iterable<readonly [Value, Value]>)].map(([k, v]) => [key(k), item(v)]));
}
