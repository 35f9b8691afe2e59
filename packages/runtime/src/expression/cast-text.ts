import { columnKind, type DataType, isBool, isDateTime, isFloat, isInteger, precisionOf, removeNullable, sameType } from '@millrace/data';

/** The text of a conversion, given the text of a value that is not NULL. */
export type CastText = (value: string) => string;

/** How many bits hold an integer type's values, and whether they may be negative. */
const integerBits = (type: DataType) => ({ bits: Number(/\d+$/.exec(type.kind)![0]), signed: type.kind.startsWith('int') });

/**
 * Conversions between numbers that are plain arithmetic and cannot fail (times of other precisions too); null for all others.
 * The values are those of the row conventions: booleans for bool, BigInt for 64-bit integers.
 */
export function castText(from: DataType, to: DataType): CastText | null {
  const [source, target] = [removeNullable(from), removeNullable(to)];
  if (sameType(source, target)) return (value) => value;
  if (isDateTime(source) && isDateTime(target)) return rescale(precisionOf(source), precisionOf(target));
  if (isBool(source)) return isInteger(target) || isFloat(target) ? fromBool(target) : null;
  if (isBool(target))
    return columnKind(source) === 'number' && (isInteger(source) || isFloat(source)) ? (value) => `(${value} !== 0)` : null;
  if (isFloat(target)) return toFloat(source, target);
  return isInteger(source) && isInteger(target) ? toInteger(source, target) : null;
}

/** Ticks of one precision in another; what is finer is cut off, towards the past. */
function rescale(from: number, to: number): CastText | null {
  if (from > 6 || to > 6) return null;
  return to >= from ? (ticks) => `(${ticks} * ${10 ** (to - from)})` : (ticks) => `Math.floor(${ticks} / ${10 ** (from - to)})`;
}

function fromBool(target: DataType): CastText {
  return columnKind(target) === 'bigint' ? (value) => `(${value} ? 1n : 0n)` : (value) => `(${value} ? 1 : 0)`;
}

function toFloat(source: DataType, target: DataType): CastText | null {
  if (!isFloat(source) && !isInteger(source)) return null;
  const number: CastText = columnKind(source) === 'bigint' ? (value) => `Number(${value})` : (value) => value;
  return target.kind === 'float32' && source.kind !== 'float32' ? (value) => `Math.fround(${number(value)})` : number;
}

function toInteger(source: DataType, target: DataType): CastText | null {
  const [from, to] = [integerBits(source), integerBits(target)];
  if (from.bits === 64) return null;
  if (to.bits === 64) return from.signed && !to.signed ? (value) => `BigInt.asUintN(64, BigInt(${value}))` : (value) => `BigInt(${value})`;
  const fits = to.signed === from.signed ? to.bits >= from.bits : to.signed && to.bits > from.bits;
  if (fits) return (value) => value;
  if (to.signed) return to.bits === 32 ? (value) => `(${value} | 0)` : (value) => `((${value} << ${32 - to.bits}) >> ${32 - to.bits})`;
  return to.bits === 32 ? (value) => `(${value} >>> 0)` : (value) => `(${value} & ${2 ** to.bits - 1})`;
}
