import { type DataType, isTemporal } from '@millrace/data';
import { alwaysNull, bindArguments, defineFunction, inline } from '../define-function.ts';
import type { ResolvedFunction } from '../definition.ts';
import { isWide, numericType } from '../numeric-type.ts';
import { resolveDifference } from '../time/difference.ts';
import { resolveShift } from '../time/shift.ts';
import { asNumber, wrap64 } from './number-lane.ts';
import { type ArithmeticOperator, illegalOperands, operandTypes, resolveNumbers } from './resolve-arithmetic.ts';

const plusOperator: ArithmeticOperator = { name: 'plus', symbol: '+' };
const minusOperator: ArithmeticOperator = { name: 'minus', symbol: '-' };
const multiplyOperator: ArithmeticOperator = { name: 'multiply', symbol: '*' };

const anyTwo = '(a any, b any) -> any type';
const legal = 'two numbers, a time and an interval, a date and days, or a datetime and seconds';

export const plus = defineFunction({
  name: 'plus',
  signature: anyTwo,
  help: 'The sum (operator +): of numbers (integers one step wider, 64 bits wrap), or of a time and an interval, days (date) or seconds (datetime).',
  examples: [
    ['1 + 2', 3],
    ['0.5 + 1', 1.5],
    ["to_datetime('2026-01-31 10:00:00', 'UTC') + INTERVAL 1 MONTH", '2026-02-28 10:00:00'],
    ["to_date('2026-02-28') + 1", '2026-03-01'],
    ['1 + NULL', null],
  ],
  see: 'ClickHouse: plus',
  resolve(args) {
    bindArguments('plus', anyTwo, args);
    const [a, b] = operandTypes(args);
    const resolved =
      nothingAmong(a, b) ?? resolveNumbers(plusOperator, a, b) ?? sameIntervals(a, b, '+') ?? shifted(a, b, 1) ?? swapped(shifted(b, a, 1));
    if (resolved === undefined) throw illegalOperands('plus', args, legal);
    return resolved;
  },
});

export const minus = defineFunction({
  name: 'minus',
  signature: anyTwo,
  help: 'The difference (operator -): of numbers, of a time and an interval, or of two times (seconds as int64; of dates, days).',
  examples: [
    ['1 - 2', -1],
    ["to_datetime('2026-03-01 00:00:00', 'UTC') - INTERVAL 1 DAY", '2026-02-28 00:00:00'],
    ["to_datetime('2026-01-02 00:00:00', 'UTC') - to_datetime('2026-01-01 00:00:00', 'UTC')", 86400],
    ['NULL - 1', null],
  ],
  see: 'ClickHouse: minus',
  resolve(args) {
    bindArguments('minus', anyTwo, args);
    const [a, b] = operandTypes(args);
    const resolved =
      nothingAmong(a, b) ?? resolveNumbers(minusOperator, a, b) ?? sameIntervals(a, b, '-') ?? timeDifference(a, b) ?? shifted(a, b, -1);
    if (resolved === undefined) throw illegalOperands('minus', args, `${legal}, or two times`);
    return resolved;
  },
});

export const multiply = defineFunction({
  name: 'multiply',
  signature: anyTwo,
  help: 'The product (operator *) of numbers (integers one step wider, 64 bits wrap), or of an interval and an integer.',
  examples: [
    ['3 * 4', 12],
    ['1.5 * 2', 3],
    ["to_date('2026-01-01') + 3 * INTERVAL 1 DAY", '2026-01-04'],
    ['NULL * 2', null],
  ],
  see: 'ClickHouse: multiply',
  resolve(args) {
    bindArguments('multiply', anyTwo, args);
    const [a, b] = operandTypes(args);
    const resolved = nothingAmong(a, b) ?? resolveNumbers(multiplyOperator, a, b) ?? scaled(a, b) ?? swapped(scaled(b, a));
    if (resolved === undefined) throw illegalOperands('multiply', args, 'two numbers, or an interval and an integer');
    return resolved;
  },
});

export const negate = defineFunction({
  name: 'negate',
  signature: '(value number|interval) -> the type of value, signed',
  help: 'The value with the opposite sign (operator -).',
  examples: [
    ['-(5)', -5],
    ['negate(2.5)', -2.5],
    ["to_date('2026-01-02') + (-INTERVAL 1 DAY)", '2026-01-01'],
    ['-NULL', null],
  ],
  returns: ({ types }) => negatedType(types[0]!),
  kernel: ({ types, returns }) => {
    const type = types[0]!;
    if (isWide(returns)) return inline((x) => wrap64(`-${isWide(type) ? x : `BigInt(${x})`}`, returns));
    // 0 - x, because -0 is not an integer.
    return inline((x) => (numericType(type)?.floating ? `(-${x})` : `(0 - ${x})`));
  },
  see: 'ClickHouse: negate',
});

function negatedType(type: DataType): DataType {
  const number = numericType(type);
  if (number === undefined || number.signed) return type;
  return { kind: `int${Math.min(64, number.bits * 2)}` } as DataType;
}

function nothingAmong(a: DataType, b: DataType): ResolvedFunction | undefined {
  return a.kind === 'nothing' || b.kind === 'nothing' ? alwaysNull([a, b]) : undefined;
}

function sameIntervals(a: DataType, b: DataType, symbol: '+' | '-'): ResolvedFunction | undefined {
  if (a.kind !== 'interval' || b.kind !== 'interval' || a.unit !== b.unit) return undefined;
  return { returns: a, argumentTypes: [a, b], nulls: 'propagate', kernel: inline((x, y) => `(${x} ${symbol} ${y})`) };
}

function scaled(interval: DataType, factor: DataType): ResolvedFunction | undefined {
  if (interval.kind !== 'interval' || numericType(factor)?.floating !== false) return undefined;
  const kernel = inline((x, y) => `(${x} * ${asNumber(y!, factor)})`);
  return { returns: interval, argumentTypes: [interval, factor], nulls: 'propagate', kernel };
}

/** A time moved by an interval, by days (date), or by seconds (datetime). */
function shifted(time: DataType, amount: DataType, sign: 1 | -1): ResolvedFunction | undefined {
  if (!isTemporal(time)) return undefined;
  if (amount.kind === 'interval') return resolveShift(time, amount, amount.unit, sign);
  if (numericType(amount)?.floating !== false) return undefined;
  return resolveShift(time, amount, time.kind === 'date' ? 'day' : 'second', sign);
}

function timeDifference(a: DataType, b: DataType): ResolvedFunction | undefined {
  return isTemporal(a) && isTemporal(b) ? resolveDifference(a, b) : undefined;
}

/** The same call with its two arguments the other way round. */
function swapped(resolved: ResolvedFunction | undefined): ResolvedFunction | undefined {
  if (resolved === undefined) return undefined;
  const { kernel } = resolved;
  const argumentTypes = resolved.argumentTypes.toReversed();
  if (kernel.kind === 'code') return { ...resolved, argumentTypes, kernel: inline((a, b) => kernel.emit(b!, a!)) };
  if (kernel.kind === 'constant') return { ...resolved, argumentTypes };
  return {
    ...resolved,
    argumentTypes,
    kernel: {
      kind: 'row',
      create(context) {
        const compute = kernel.create(context) as (a: unknown, b: unknown) => never;
        return (a: never, b: never) => compute(b, a);
      },
    },
  };
}
