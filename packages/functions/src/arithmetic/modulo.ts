import { MillraceError } from '@millrace/core';
import type { DataType } from '@millrace/data';
import { type BoundCall, constantAt, defineFunction, inline, perRow } from '../define-function.ts';
import type { Kernel } from '../definition.ts';
import { integerOf, isWide, numericType } from '../numeric-type.ts';
import { asBigInt, asNumber, wrap64, wrapInteger } from './number-lane.ts';

export const modulo = defineFunction({
  name: 'modulo',
  aliases: ['mod'],
  signature: '(dividend number, divisor number) -> the type of the divisor, signed if the dividend is',
  help: 'The remainder (operator %), with the sign of the dividend; an integer % 0 is an error, a float % 0 is nan.',
  examples: [
    ['7 % 3', 1],
    ['mod(-7, 3)', -1],
    ['5.5 % 2', 1.5],
    ['7 % NULL', null],
  ],
  returns: ({ types }) => remainderType(types[0]!, types[1]!),
  kernel: remainderKernel,
  see: 'ClickHouse: modulo',
});

export const intDivide = defineFunction({
  name: 'int_div',
  signature: '(dividend integer, divisor integer) -> the type of the dividend, signed if either is',
  help: 'The quotient of integers, rounded towards zero; division by zero is an error.',
  examples: [
    ['int_div(7, 2)', 3],
    ['int_div(-7, 2)', -3],
    ['int_div(NULL, 2)', null],
  ],
  returns: ({ types }) => {
    const [a, b] = [numericType(types[0]!)!, numericType(types[1]!)!];
    return integerOf(a.signed || b.signed, a.signed || !b.signed ? a.bits : a.bits * 2);
  },
  kernel: (call) => integerKernel(call, '/'),
  see: 'ClickHouse: intDiv',
});

/** |a % b| < |b| and has the sign of a, so the divisor's width is enough, one step more where a sign must fit as well. */
function remainderType(dividend: DataType, divisor: DataType): DataType {
  const [a, b] = [numericType(dividend)!, numericType(divisor)!];
  if (a.floating || b.floating) return { kind: 'float64' };
  return integerOf(a.signed, a.signed && !b.signed ? b.bits * 2 : b.bits);
}

function remainderKernel(call: BoundCall): Kernel {
  if (call.returns.kind !== 'float64') return integerKernel(call, '%');
  const { types } = call;
  return inline((a, b) => `(${asNumber(a!, types[0]!)} % ${asNumber(b!, types[1]!)})`);
}

function integerKernel(call: BoundCall, operator: '%' | '/'): Kernel {
  const divisor = constantAt(call, 1);
  // The smallest integer divided by -1 does not fit its type: the general kernel wraps it.
  const isPlain = divisor !== undefined && Number(divisor) !== 0 && Number(divisor) !== -1;
  if (isPlain) return inline((a, b) => emitInteger(call, operator, a!, b!));
  const divide = operator === '%' ? (a: bigint, b: bigint) => a % b : (a: bigint, b: bigint) => a / b;
  return perRow((dividend: number | bigint, value: number | bigint) => {
    if (Number(value) === 0) throw new MillraceError('DATA_DIVISION_BY_ZERO', `${call.name}: ${dividend} was divided by zero`);
    return wrapInteger(divide(BigInt(dividend), BigInt(value)), call.returns);
  });
}

function emitInteger({ types, returns }: BoundCall, operator: '%' | '/', a: string, b: string): string {
  const [left, right] = [types[0]!, types[1]!];
  if (!isWide(left) && !isWide(right)) {
    const number = operator === '%' ? `${a} % ${b} + 0` : `Math.trunc(${a} / ${b}) + 0`;
    return isWide(returns) ? `BigInt(${number})` : `(${number})`;
  }
  const text = `${asBigInt(a, left)} ${operator} ${asBigInt(b, right)}`;
  return isWide(returns) ? wrap64(text, returns) : `Number(${text})`;
}
