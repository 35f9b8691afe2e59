import { unreachable } from '@millrace/core';
import type { DataType } from '../data-type.ts';

/** The same type in every part; names of tuple elements and zones count. */
export function sameType(a: DataType, b: DataType): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case 'nullable':
      return b.kind === 'nullable' && sameType(a.inner, b.inner);
    case 'array':
      return b.kind === 'array' && sameType(a.element, b.element);
    case 'map':
      return b.kind === 'map' && sameType(a.key, b.key) && sameType(a.value, b.value);
    case 'tuple':
      return (
        b.kind === 'tuple' &&
        a.elements.length === b.elements.length &&
        a.elements.every((element, i) => sameElement(element, b.elements[i]!))
      );
    case 'fixed_string':
      return b.kind === 'fixed_string' && a.length === b.length;
    case 'datetime':
      return b.kind === 'datetime' && a.zone === b.zone;
    case 'datetime64':
      return b.kind === 'datetime64' && a.precision === b.precision && a.zone === b.zone;
    case 'enum8':
    case 'enum16':
      return b.kind === a.kind && a.values.length === b.values.length && a.values.every((value, i) => sameEnumValue(value, b.values[i]!));
    case 'interval':
      return b.kind === 'interval' && a.unit === b.unit;
    default:
      return a.kind === b.kind;
  }
}

type TupleElement = { readonly name: string | null; readonly type: DataType };

function sameElement(a: TupleElement, b: TupleElement): boolean {
  return a.name === b.name && sameType(a.type, b.type);
}

function sameEnumValue(a: readonly [string, number], b: readonly [string, number]): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** True for nullable(…). */
export function isNullable(type: DataType): boolean {
  return type.kind === 'nullable';
}

/** The type inside nullable(…), or the type itself. */
export function removeNullable(type: DataType): DataType {
  return type.kind === 'nullable' ? type.inner : type;
}

/** nullable(type), but never twice. */
export function makeNullable(type: DataType): DataType {
  return type.kind === 'nullable' ? type : { kind: 'nullable', inner: type };
}

// The predicates below look through nullable: `isInteger(nullable(int8))` is true.

/** int8 … int64, uint8 … uint64; not bool. */
export function isInteger(type: DataType): boolean {
  return isSignedInteger(type) || isUnsignedInteger(type);
}

/** int8 … int64. */
export function isSignedInteger(type: DataType): boolean {
  return /^int\d/.test(removeNullable(type).kind);
}

/** uint8 … uint64; not bool. */
export function isUnsignedInteger(type: DataType): boolean {
  return /^uint\d/.test(removeNullable(type).kind);
}

/** float32, float64. */
export function isFloat(type: DataType): boolean {
  const { kind } = removeNullable(type);
  return kind === 'float32' || kind === 'float64';
}

/** Integers and floats; not bool, not dates. */
export function isNumeric(type: DataType): boolean {
  return isInteger(type) || isFloat(type);
}

/** bool. */
export function isBool(type: DataType): boolean {
  return removeNullable(type).kind === 'bool';
}

/** string, fixed_string. */
export function isStringLike(type: DataType): boolean {
  const { kind } = removeNullable(type);
  return kind === 'string' || kind === 'fixed_string';
}

/** enum8, enum16. */
export function isEnum(type: DataType): boolean {
  const { kind } = removeNullable(type);
  return kind === 'enum8' || kind === 'enum16';
}

/** date; not datetime. */
export function isDate(type: DataType): boolean {
  return removeNullable(type).kind === 'date';
}

/** datetime, datetime64; not date. */
export function isDateTime(type: DataType): boolean {
  const { kind } = removeNullable(type);
  return kind === 'datetime' || kind === 'datetime64';
}

/** date, datetime, datetime64. */
export function isTemporal(type: DataType): boolean {
  return isDate(type) || isDateTime(type);
}

/** The type of INTERVAL expressions. */
export function isInterval(type: DataType): boolean {
  return removeNullable(type).kind === 'interval';
}

/** array, map, tuple. */
export function isComposite(type: DataType): boolean {
  const { kind } = removeNullable(type);
  return kind === 'array' || kind === 'map' || kind === 'tuple';
}

/** The values an integer type can hold, both ends included. */
export interface IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
}

/** The range of an integer type (nullable aside). @throws {MillraceError} INTERNAL_INVARIANT for other types. */
export function integerRange(type: DataType): IntegerRange {
  const { kind } = removeNullable(type);
  const match = /^(u?)int(\d+)$/.exec(kind);
  if (match === null) return unreachable(kind as never);
  const bits = BigInt(match[2]!);
  return match[1] === 'u' ? { min: 0n, max: (1n << bits) - 1n } : { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n };
}

/** Digits of a second that a temporal type keeps: 0 for datetime, its precision for datetime64. */
export function precisionOf(type: DataType): number {
  const inner = removeNullable(type);
  return inner.kind === 'datetime64' ? inner.precision : 0;
}

/** The zone that a date-time type names, or null: then the server's stands. */
export function zoneOf(type: DataType): string | null {
  const inner = removeNullable(type);
  return inner.kind === 'datetime' || inner.kind === 'datetime64' ? inner.zone : null;
}
