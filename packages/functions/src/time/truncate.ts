import { type CalendarUnit, type DataType, floorDate, precisionOf, rescaleTicks, zone, zoneOf } from '@millrace/data';
import { zoneArgument } from '../conversion/time-conversions.ts';
import { type BoundCall, defineFunction, perQuery } from '../define-function.ts';
import type { Kernel, ScalarFunction } from '../definition.ts';
import { digitsOf, scaleOf, type Tick, ticksOf } from './scale.ts';
import { unitArgument } from './units.ts';

/**
 * The type of a time cut down to a unit: weeks and longer give dates, days to seconds a datetime (a date stays one),
 * shorter units a datetime64.
 */
function truncatedType(type: DataType, unit: CalendarUnit, named: string | null): DataType {
  const place = named ?? zoneOf(type);
  if (['week', 'month', 'quarter', 'year'].includes(unit) || (type.kind === 'date' && unit === 'day')) return { kind: 'date' };
  if (digitsOf(unit) > 0) return { kind: 'datetime64', precision: Math.max(digitsOf(unit), precisionOf(type)), zone: place };
  if (unit === 'second' && type.kind === 'datetime64') return { ...type, zone: place };
  return { kind: 'datetime', zone: place };
}

/** Cuts argument `index` down to the start of its unit on the wall clock. */
function truncateKernel(call: BoundCall, index: number, unit: CalendarUnit): Kernel {
  const [type, { returns }] = [call.types[index]!, call];
  if (type.kind === 'date' && returns.kind === 'date')
    return perQuery(() => truncateAt(index, (days) => floorDate(Number(days), 1, unit as 'day')));
  return perQuery(({ timezone }) => {
    const place = zone(zoneArgument(call, index + 1) ?? zoneOf(type) ?? timezone);
    const [from, to] = [scaleOf(type), scaleOf(returns)];
    if (digitsOf(unit) > 3 && type.kind !== 'date') {
      const [digits, finer] = [precisionOf(type), precisionOf(returns)];
      return truncateAt(index, (value) => truncateTicks(rescaleTicks(value, digits, finer), ticksOf(unit, finer)!));
    }
    return truncateAt(index, (value) => to.join({ ms: place.floor(from.split(value, place).ms, 1, unit), rest: 0 }, place));
  });
}

function truncateAt(index: number, truncate: (value: Tick) => Tick) {
  return index === 0 ? (value: Tick) => truncate(value) : (_: unknown, value: Tick) => truncate(value);
}

/** Zones differ by whole milliseconds, so shorter units are the same everywhere. */
function truncateTicks(value: Tick, ticks: number): Tick {
  if (typeof value === 'number') return Math.floor(value / ticks) * ticks;
  const rest = value % BigInt(ticks);
  return value - (rest < 0n ? rest + BigInt(ticks) : rest);
}

interface Start {
  readonly unit: CalendarUnit;
  readonly help: string;
  /** Of 2026-05-28 13:14:15.678, a Thursday. */
  readonly example: string;
  readonly ofDate: string;
}

const starts: readonly Start[] = [
  { unit: 'second', help: 'second', example: '2026-05-28 13:14:15.000', ofDate: '2026-05-28 00:00:00' },
  { unit: 'minute', help: 'minute', example: '2026-05-28 13:14:00', ofDate: '2026-05-28 00:00:00' },
  { unit: 'hour', help: 'hour', example: '2026-05-28 13:00:00', ofDate: '2026-05-28 00:00:00' },
  { unit: 'day', help: 'day', example: '2026-05-28 00:00:00', ofDate: '2026-05-28' },
  { unit: 'week', help: 'week (Monday), as date', example: '2026-05-25', ofDate: '2026-05-25' },
  { unit: 'month', help: 'month, as date', example: '2026-05-01', ofDate: '2026-05-01' },
  { unit: 'quarter', help: 'quarter, as date', example: '2026-04-01', ofDate: '2026-04-01' },
  { unit: 'year', help: 'year, as date', example: '2026-01-01', ofDate: '2026-01-01' },
];

/** to_start_of_second … to_start_of_year. */
export const starting: readonly ScalarFunction[] = starts.map(({ unit, help, example, ofDate }) =>
  defineFunction({
    name: `to_start_of_${unit}`,
    aliases: unit === 'week' ? ['to_monday'] : [],
    signature: '(time time, [zone const string]) -> date, datetime or datetime64',
    help: `The start of the ${help}, by the wall clock of the time's zone or the one given.`,
    examples: [
      [`to_start_of_${unit}(to_datetime64('2026-05-28 13:14:15.678', 3, 'UTC'))`, example],
      [`to_start_of_${unit}(to_date('2026-05-28'))`, ofDate],
      [`to_start_of_${unit}(NULL)`, null],
    ],
    returns: (call) => truncatedType(call.types[0]!, unit, zoneArgument(call, 1)),
    kernel: (call) => truncateKernel(call, 0, unit),
    see: 'ClickHouse: date and time functions',
  }),
);

export const dateTrunc = defineFunction({
  name: 'date_trunc',
  signature: '(unit const string, time time, [zone const string]) -> date, datetime or datetime64',
  help: 'The start of the unit (nanosecond … year) that holds the time, by the wall clock; weeks and longer give a date.',
  examples: [
    ["date_trunc('hour', to_datetime('2026-05-28 13:14:15', 'UTC'))", '2026-05-28 13:00:00'],
    ["date_trunc('month', to_datetime('2026-05-28 13:14:15', 'UTC'))", '2026-05-01'],
    ["date_trunc('millisecond', to_datetime64('2026-05-28 13:14:15.678912', 6, 'UTC'))", '2026-05-28 13:14:15.678000'],
    ["date_trunc('day', NULL)", null],
  ],
  returns: (call) => truncatedType(call.types[1]!, unitArgument(call, 0), zoneArgument(call, 2)),
  kernel: (call) => truncateKernel(call, 1, unitArgument(call, 0)),
  see: 'ClickHouse: dateTrunc',
});
