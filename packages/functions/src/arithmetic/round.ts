import { type BoundCall, defineFunction, perRow } from '../define-function.ts';
import type { Kernel, ScalarFunction } from '../definition.ts';
import { isWide, numericType } from '../numeric-type.ts';
import { wrapInteger } from './number-lane.ts';

/** How one function rounds: a float to an integral float, and an integer to a multiple of `step`. */
interface Rounding {
  readonly float: (value: number) => number;
  readonly integer: (value: bigint, step: bigint) => bigint;
}

/** The integer nearest to `value`; of two equally near ones the even one. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

const truncate = (value: bigint, step: bigint) => value - (value % step);

const roundings: Record<'round' | 'floor' | 'ceil' | 'trunc', Rounding> = {
  round: { float: roundHalfEven, integer: (value, step) => truncate(value + (value < 0n ? -step : step) / 2n, step) },
  floor: { float: Math.floor, integer: (value, step) => truncate(value, step) - (value % step < 0n ? step : 0n) },
  ceil: { float: Math.ceil, integer: (value, step) => truncate(value, step) + (value % step > 0n ? step : 0n) },
  trunc: { float: Math.trunc, integer: truncate },
};

function defineRounding(name: keyof typeof roundings, help: string, examples: ScalarFunction['examples'], aliases: readonly string[] = []) {
  return defineFunction({
    name,
    aliases,
    signature: '(value number, [digits index]) -> the type of value',
    help,
    examples,
    returns: ({ types }) => types[0]!,
    kernel: (call) => roundingKernel(call, roundings[name]),
    see: `ClickHouse: ${name}`,
  });
}

function roundingKernel({ types }: BoundCall, rounding: Rounding): Kernel {
  const type = types[0]!;
  if (!numericType(type)!.floating) return perRow((value: number | bigint, digits = 0) => roundInteger(value, digits, rounding, type));
  const narrow = type.kind === 'float32' ? Math.fround : (value: number) => value;
  return perRow((value: number, digits = 0) => narrow(roundFloat(value, digits, rounding)));
}

function roundFloat(value: number, digits: number, { float }: Rounding): number {
  const scale = 10 ** Math.abs(digits);
  const rounded = digits >= 0 ? float(value * scale) / scale : float(value / scale) * scale;
  // More digits than the float has: nothing to round, and the scaled value overflows.
  return Number.isFinite(rounded) ? rounded : digits > 0 ? value : 0;
}

function roundInteger(value: number | bigint, digits: number, { integer }: Rounding, type: BoundCall['returns']): number | bigint {
  if (digits >= 0) return value;
  const step = 10n ** BigInt(Math.min(20, -digits));
  const rounded = wrapInteger(integer(BigInt(value), step), type);
  return isWide(type) ? rounded : Number(rounded);
}

export const round = defineRounding(
  'round',
  'Rounds to `digits` decimal places (negative: before the point): floats half to even, integers half away from zero.',
  [
    ['round(2.5)', 2],
    ['round(3.14159, 2)', 3.14],
    ['round(1250, -2)', 1300],
    ['round(NULL)', null],
  ],
);
export const floor = defineRounding('floor', 'The largest number of `digits` decimal places that is not larger than value.', [
  ['floor(-1.5)', -2],
  ['floor(123.45, 1)', 123.4],
  ['floor(199, -2)', 100],
  ['floor(NULL)', null],
]);
export const ceil = defineRounding(
  'ceil',
  'The smallest number of `digits` decimal places that is not smaller than value.',
  [
    ['ceil(1.2)', 2],
    ['ceil(123.45, 1)', 123.5],
    ['ceiling(101, -2)', 200],
    ['ceil(NULL)', null],
  ],
  ['ceiling'],
);
export const trunc = defineRounding(
  'trunc',
  'Cuts off what is beyond `digits` decimal places.',
  [
    ['trunc(-1.9)', -1],
    ['trunc(123.456, 2)', 123.45],
    ['trunc(NULL)', null],
  ],
  ['truncate'],
);
