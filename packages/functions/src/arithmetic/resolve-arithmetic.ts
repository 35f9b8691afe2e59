import { type DataType, removeNullable } from '@millrace/data';
import { wrongTypes } from '../argument-error.ts';
import { inline } from '../define-function.ts';
import type { Argument, ResolvedFunction } from '../definition.ts';
import { boolAsNumber, integerOf, isWide, type NumericType, numericType } from '../numeric-type.ts';
import { asBigInt, asNumber, wrap64 } from './number-lane.ts';

/** One of `+ - *`: what the types give and what the kernel computes. */
export interface ArithmeticOperator {
  readonly name: 'plus' | 'minus' | 'multiply';
  readonly symbol: '+' | '-' | '*';
}

/**
 * Number with number, typed as ClickHouse does: float anywhere gives float64; integers give one step wider, signed if either is
 * (minus: always). 64-bit results wrap. Undefined if an argument is no number.
 */
export function resolveNumbers(operator: ArithmeticOperator, left: DataType, right: DataType): ResolvedFunction | undefined {
  const a = numericType(left);
  const b = numericType(right);
  if (a === undefined || b === undefined) return undefined;
  const argumentTypes = [boolAsNumber(left), boolAsNumber(right)];
  const returns = arithmeticType(operator, a, b);
  return { returns, argumentTypes, nulls: 'propagate', kernel: inline((x, y) => emit(operator, returns, [x!, y!], argumentTypes)) };
}

function arithmeticType(operator: ArithmeticOperator, a: NumericType, b: NumericType): DataType {
  if (a.floating || b.floating) return { kind: 'float64' };
  return integerOf(operator.name === 'minus' || a.signed || b.signed, Math.max(a.bits, b.bits) * 2);
}

function emit(operator: ArithmeticOperator, returns: DataType, texts: readonly [string, string], types: readonly DataType[]): string {
  const combine = (convert: (text: string, type: DataType) => string) =>
    `${convert(texts[0], types[0]!)} ${operator.symbol} ${convert(texts[1], types[1]!)}`;
  if (isWide(returns)) return exactAsNumber(operator, types) ? `BigInt(${combine(asNumber)})` : wrap64(combine(asBigInt), returns);
  // 0 * -1 is -0 in JavaScript, which integers do not know.
  return operator.name === 'multiply' && returns.kind !== 'float64' ? `(${combine(asNumber)} + 0)` : `(${combine(asNumber)})`;
}

/** True if the result of lanes of up to 32 bits fits a double: then one BigInt is made instead of three. */
function exactAsNumber(operator: ArithmeticOperator, types: readonly DataType[]): boolean {
  if (types.some(isWide)) return false;
  const bits = types.map((type) => numericType(type)!.bits);
  return operator.name !== 'multiply' || bits[0]! + bits[1]! <= 53;
}

/** The types of the arguments of a two-place operator, without nullable. */
export function operandTypes(args: readonly Argument[]): readonly [DataType, DataType] {
  return [removeNullable(args[0]!.type), removeNullable(args[1]!.type)];
}

/** The error of an operator that takes neither pair of types. */
export function illegalOperands(name: string, args: readonly Argument[], legal: string) {
  return wrongTypes(
    name,
    args.map((argument) => argument.type),
    legal,
  );
}
