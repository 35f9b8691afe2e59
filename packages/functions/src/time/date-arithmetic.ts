import {
  type CalendarUnit,
  civilFromDays,
  commonType,
  type DataType,
  dayOfWeek,
  precisionOf,
  removeNullable,
  zone,
  zoneOf,
} from '@millrace/data';
import { zoneArgument } from '../conversion/time-conversions.ts';
import { alwaysNull, type BoundCall, bindArguments, defineFunction, inline, perQuery } from '../define-function.ts';
import type { Argument, Kernel, ResolvedFunction, ScalarFunction } from '../definition.ts';
import { scaleOf, type Tick, ticksOf } from './scale.ts';
import { resolveShift } from './shift.ts';
import { unitArgument } from './units.ts';

const byUnit = '(unit const string, amount integer, time time) -> the type of time, finer if the unit needs it';
const byInterval = '(time time, amount interval) -> the type of time, finer if the unit needs it';

function defineShift(
  name: 'date_add' | 'date_sub',
  aliases: readonly string[],
  sign: 1 | -1,
  help: string,
  examples: ScalarFunction['examples'],
): ScalarFunction {
  return defineFunction({
    name,
    aliases,
    signature: [byUnit, byInterval],
    help,
    examples,
    resolve: (args) => resolveNamedShift(name, sign, args),
    see: `ClickHouse: ${name}`,
  });
}

function resolveNamedShift(name: string, sign: 1 | -1, args: readonly Argument[]): ResolvedFunction {
  if (args.length === 2) {
    const { types } = bindArguments(name, byInterval, args);
    const [time, amount] = [types[0]!, types[1]!];
    return time.kind === 'nothing' || amount.kind !== 'interval' ? alwaysNull(types) : resolveShift(time, amount, amount.unit, sign);
  }
  const { types } = bindArguments(name, byUnit, args);
  const unit = unitArgument({ name, args, types, returns: types[2]! }, 0);
  if (types.some((type) => type.kind === 'nothing')) return alwaysNull(types);
  const shift = resolveShift(types[2]!, types[1]!, unit, sign);
  return { ...shift, argumentTypes: types, kernel: afterUnit(shift.kernel) };
}

/** A kernel of (time, amount) as one of (unit, amount, time). */
function afterUnit(kernel: Kernel): Kernel {
  if (kernel.kind === 'code') return inline((_, amount, time) => kernel.emit(time!, amount!));
  return perQuery((context) => {
    const shift = kernel.create(context) as (time: Tick, amount: Tick) => Tick;
    return (_: unknown, amount: Tick, time: Tick) => shift(time, amount);
  });
}

export const dateAdd = defineShift(
  'date_add',
  ['timestamp_add'],
  1,
  'The time moved forward by an amount of units; days and longer ones keep the wall clock.',
  [
    ["date_add('hour', 2, to_datetime('2026-01-01 23:00:00', 'UTC'))", '2026-01-02 01:00:00'],
    ["date_add(to_date('2024-02-29'), INTERVAL 1 YEAR)", '2025-02-28'],
    ["date_add('millisecond', 5, to_datetime('2026-01-01 00:00:00', 'UTC'))", '2026-01-01 00:00:00.005'],
    ["date_add('day', 1, NULL)", null],
  ],
);

export const dateSub = defineShift(
  'date_sub',
  ['timestamp_sub'],
  -1,
  'The time moved back by an amount of units; days and longer ones keep the wall clock.',
  [
    ["date_sub('month', 1, to_date('2026-03-31'))", '2026-02-28'],
    ["date_sub(to_datetime('2026-01-01 00:00:00', 'UTC'), INTERVAL 1 SECOND)", '2025-12-31 23:59:59'],
    ["date_sub('day', NULL, to_date('2026-01-01'))", null],
  ],
);

export const dateDiff = defineFunction({
  name: 'date_diff',
  aliases: ['timestamp_diff'],
  signature: '(unit const string, start time, end time, [zone const string]) -> int64',
  help: 'How many starts of the unit lie after start and up to end, days and longer units by the wall clock; negative if end is earlier.',
  examples: [
    ["date_diff('hour', to_datetime('2026-01-01 22:59:00', 'UTC'), to_datetime('2026-01-01 23:01:00', 'UTC'))", 1],
    ["date_diff('month', to_date('2026-01-31'), to_date('2026-02-01'))", 1],
    ["date_diff('s', to_datetime('2026-01-01 00:00:10', 'UTC'), to_datetime('2026-01-01 00:00:00', 'UTC'))", -10],
    ["date_diff('hour', to_datetime('2026-03-29', 'Europe/Berlin'), to_datetime('2026-03-30', 'Europe/Berlin'))", 23],
    ["date_diff('day', NULL, to_date('2026-01-01'))", null],
  ],
  argumentTypes: ({ types }) => {
    const common = removeNullable(commonType([types[1]!, types[2]!])!);
    return [types[0]!, common, common, ...types.slice(3)];
  },
  kernel: differenceKernel,
  see: 'ClickHouse: dateDiff',
});

function differenceKernel(call: BoundCall): Kernel {
  const type = removeNullable(commonType([call.types[1]!, call.types[2]!])!);
  const unit = unitArgument(call, 0);
  return perQuery(({ timezone }) => {
    const named = zoneArgument(call, 3) ?? zoneOf(type);
    const place = zone(named ?? (type.kind === 'date' ? 'UTC' : timezone));
    const fine = ticksOf(unit, 9);
    if (fine !== null && fine < 1e9)
      return (_: unknown, start: Tick, end: Tick) => subSecondIndex(end, type, fine) - subSecondIndex(start, type, fine);
    const scale = scaleOf(type);
    const msOf = (value: Tick) => scale.split(value, place).ms;
    const indexOf = (localMs: number) => unitIndex(localMs, unit);
    return (_: unknown, start: Tick, end: Tick) => {
      const local = place.toLocal(msOf(start));
      // Hours and shorter units pass at one pace, also where the clocks are changed.
      const until = fine === null ? place.toLocal(msOf(end)) : local + (msOf(end) - msOf(start));
      return BigInt(indexOf(until) - indexOf(local));
    };
  });
}

/** In which unit below a second, counted from the epoch, a value lies. */
function subSecondIndex(value: Tick, type: DataType, nanosPerUnit: number): bigint {
  const nanos = type.kind === 'date' ? BigInt(value) * 86_400_000_000_000n : BigInt(value) * 10n ** BigInt(9 - precisionOf(type));
  const units = nanos / BigInt(nanosPerUnit);
  return nanos < 0n && nanos % BigInt(nanosPerUnit) !== 0n ? units - 1n : units;
}

const msPerDay = 86_400_000;

/** In which unit, counted from the epoch, a local time lies. */
function unitIndex(localMs: number, unit: CalendarUnit): number {
  const day = Math.floor(localMs / msPerDay);
  switch (unit) {
    case 'second':
      return Math.floor(localMs / 1000);
    case 'minute':
      return Math.floor(localMs / 60_000);
    case 'hour':
      return Math.floor(localMs / 3_600_000);
    case 'day':
      return day;
    case 'week':
      return (day - dayOfWeek(day) + 1 + 3) / 7;
    default: {
      const { year, month } = civilFromDays(day);
      return unit === 'year' ? year : unit === 'quarter' ? year * 4 + Math.floor((month - 1) / 3) : year * 12 + month;
    }
  }
}
