import { type DataType, toText, type Value, zone } from '@millrace/data';
import { wrongValue } from '../argument-error.ts';
import { type BoundCall, constantAt, defineFunction } from '../define-function.ts';
import { identity } from './type-conversions.ts';

/** The zone that constant argument `index` names, checked; null if there is none. @throws {MillraceError} PLAN_ARGUMENT_INVALID */
export function zoneArgument(call: BoundCall, index: number): string | null {
  const name = constantAt(call, index);
  return typeof name === 'string' ? zone(toText(name)).name : null;
}

/** A precision of 0 … 9 as constant argument `index`. */
export function precisionArgument(call: BoundCall, index: number, fallback: number): number {
  const value: Value | undefined = constantAt(call, index);
  if (value === undefined || value === null) return fallback;
  const precision = Number(value);
  if (Number.isInteger(precision) && precision >= 0 && precision <= 9) return precision;
  throw wrongValue(call.name, `the precision is ${precision}, but goes from 0 to 9`);
}

/** Argument 0 converted to what the call returns, the others as they are. */
function firstConverted(returns: (call: BoundCall) => DataType) {
  return (call: BoundCall) => [returns(call), ...call.types.slice(1)];
}

const dateTime = (call: BoundCall): DataType => ({ kind: 'datetime', zone: zoneArgument(call, 1) });

export const toDateTime = defineFunction({
  name: 'to_datetime',
  signature: '(value any, [zone const string]) -> datetime',
  help: 'The value as datetime of the zone: a text is read as local time of it, a number is seconds since 1970.',
  examples: [
    ["to_datetime('2026-01-02 03:04:05', 'UTC')", '2026-01-02 03:04:05'],
    ["to_datetime('2026-01-02T03:04:05+01:00', 'UTC')", '2026-01-02 02:04:05'],
    ["to_datetime(1655265661, 'UTC')", '2022-06-15 04:01:01'],
    ["to_datetime(NULL, 'UTC')", null],
  ],
  returns: dateTime,
  argumentTypes: firstConverted(dateTime),
  kernel: identity,
  see: 'ClickHouse: toDateTime',
});

const dateTime64 = (call: BoundCall): DataType => ({
  kind: 'datetime64',
  precision: precisionArgument(call, 1, 3),
  zone: zoneArgument(call, 2),
});

export const toDateTime64 = defineFunction({
  name: 'to_datetime64',
  signature: '(value any, [precision const integer], [zone const string]) -> datetime64',
  help: 'The value as datetime64 with `precision` digits of a second (default 3) of the zone.',
  examples: [
    ["to_datetime64('2026-01-02 03:04:05.678', 3, 'UTC')", '2026-01-02 03:04:05.678'],
    ["to_datetime64('2026-01-02 03:04:05.123456789', 9, 'UTC')", '2026-01-02 03:04:05.123456789'],
    ["to_datetime64('2026-01-02', 0, 'UTC')", '2026-01-02 00:00:00'],
    ["to_datetime64(NULL, 3, 'UTC')", null],
  ],
  returns: dateTime64,
  argumentTypes: firstConverted(dateTime64),
  kernel: identity,
  see: 'ClickHouse: toDateTime64',
});

const bestEffort = (call: BoundCall): DataType => ({ kind: 'datetime64', precision: 3, zone: zoneArgument(call, 1) });

export const toTime = defineFunction({
  name: 'to_time',
  aliases: ['parse_datetime_best_effort'],
  signature: '(text string, [zone const string]) -> datetime64(3)',
  help: 'Reads a date and time in any of the ISO forms, with or without zone.',
  examples: [
    ["to_time('2023-09-19T05:31:34.026Z', 'UTC')", '2023-09-19 05:31:34.026'],
    ["to_time('2022-05-16 00:00:00', 'UTC')", '2022-05-16 00:00:00.000'],
    ["to_time(NULL, 'UTC')", null],
  ],
  returns: bestEffort,
  argumentTypes: firstConverted(bestEffort),
  kernel: identity,
  see: 'Proton: to_time',
});

const inZone = (call: BoundCall): DataType => {
  const type = call.types[0]!;
  return type.kind === 'datetime64' ? { ...type, zone: zoneArgument(call, 1) } : { kind: 'datetime', zone: zoneArgument(call, 1) };
};

export const toTimeZone = defineFunction({
  name: 'to_time_zone',
  aliases: ['to_timezone'],
  signature: '(time datetime, zone const string) -> the type of time in the zone',
  help: 'The same instant, shown and computed with in another zone.',
  examples: [
    ["to_string(to_time_zone(to_datetime('2026-01-02 03:04:05', 'UTC'), 'Asia/Tokyo'))", '2026-01-02 12:04:05'],
    ["to_hour(to_timezone(to_datetime('2026-01-02 03:00:00', 'UTC'), 'America/New_York'))", 22],
    ["to_time_zone(NULL, 'UTC')", null],
  ],
  returns: inZone,
  kernel: identity,
  see: 'ClickHouse: toTimeZone',
});
