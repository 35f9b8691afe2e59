import { MillraceError } from '@millrace/core';
import {
  canCast,
  castValue,
  commonType,
  type DataType,
  formatDataType,
  isStringLike,
  isTemporal,
  precisionOf,
  removeNullable,
  toText,
} from '@millrace/data';
import { wrongTypes, wrongValue } from '../argument-error.ts';
import type { Argument } from '../definition.ts';
import { isByteString } from '../match-signature.ts';
import { numericType } from '../numeric-type.ts';

/**
 * The types in which the two sides of a comparison are compared: equal, but for numbers, which are compared across types
 * (JavaScript compares number with BigInt exactly).
 * A constant string stands for a value of the other side's type; one with a fraction of a second refines a datetime.
 * @throws {MillraceError} PLAN_ARGUMENT_TYPE, PLAN_ARGUMENT_INVALID if the constant string is no such value.
 */
export function comparisonTypes(name: string, args: readonly Argument[]): readonly [DataType, DataType] {
  const [left, right] = [removeNullable(args[0]!.type), removeNullable(args[1]!.type)];
  if (left.kind === 'nothing' || right.kind === 'nothing') return [left, right];
  if (numericType(left) && numericType(right)) return [left, right];
  const literal = literalTypes(name, args[0]!, args[1]!) ?? literalTypes(name, args[1]!, args[0]!)?.toReversed();
  if (literal !== undefined) return [literal[0]!, literal[1]!];
  if (isByteString(left) && isByteString(right)) return [withoutPadding(left, right), withoutPadding(right, left)];
  const common = isTemporal(left) && isStringLike(right) ? null : commonType([left, right]);
  if (common === null) throw incomparable(name, [left, right]);
  return [removeNullable(common), removeNullable(common)];
}

/** `typed` against a constant string, or undefined if this is not the case. */
function literalTypes(name: string, typed: Argument, literal: Argument): readonly DataType[] | undefined {
  const type = removeNullable(typed.type);
  if (!isStringLike(removeNullable(literal.type)) || typeof literal.constant?.value !== 'string') return undefined;
  if (isStringLike(type) || type.kind === 'json' || !canCast({ kind: 'string' }, type)) return undefined;
  const text = literal.constant.value;
  const target = isTemporal(type) ? literalTime(type, text) : type;
  try {
    castValue(text, { kind: 'string' }, target, { timezone: 'UTC' });
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'DATA_CAST_FAILED') throw error;
    throw wrongValue(name, `'${toText(text)}' is compared with ${formatDataType(target)}, but is no such value`);
  }
  return [target, target];
}

/** The time type in which a text is compared with `type`: a date becomes a datetime if the text has a time of day, and so on. */
function literalTime(type: DataType, text: string): DataType {
  const fraction = /\.(\d{1,9})/.exec(text)?.[1]?.length ?? 0;
  if (fraction > precisionOf(type)) {
    return { kind: 'datetime64', precision: fraction, zone: type.kind === 'date' ? null : (type as { zone: string | null }).zone };
  }
  return type.kind === 'date' && text.includes(':') ? { kind: 'datetime', zone: null } : type;
}

/** Beside other strings a fixed_string is compared without the zero bytes that fill it up. */
function withoutPadding(type: DataType, other: DataType): DataType {
  return type.kind === 'fixed_string' && !(other.kind === 'fixed_string' && other.length === type.length) ? { kind: 'string' } : type;
}

function incomparable(name: string, types: readonly DataType[]) {
  const hint =
    types.some(isTemporal) && types.some(isStringLike) ? 'turn the string into a time with to_datetime or to_datetime64' : undefined;
  return wrongTypes(name, types, 'two values of comparable types (numbers, strings, times, or composites of them)', hint);
}
