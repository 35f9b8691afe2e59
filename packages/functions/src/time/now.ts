import { type DataType, minDays, msToTicks, zone } from '@millrace/data';
import { precisionArgument, zoneArgument } from '../conversion/time-conversions.ts';
import { type BoundCall, defineFunction, inline } from '../define-function.ts';

export const now = defineFunction({
  name: 'now',
  aliases: ['current_timestamp'],
  signature: '([zone const string]) -> datetime',
  help: 'The time of the server’s clock, in seconds.',
  examples: [
    ["now('UTC')", '2026-01-02 03:04:05'],
    ["now('UTC') - INTERVAL 5 SECOND", '2026-01-02 03:04:00'],
    ["now('UTC') + NULL", null],
  ],
  deterministic: false,
  returns: (call): DataType => ({ kind: 'datetime', zone: zoneArgument(call, 0) }),
  kernel: {
    kind: 'constant',
    create:
      ({ clock }) =>
      () =>
        Math.floor(clock.now() / 1000),
  },
  see: 'ClickHouse: now',
});

const now64Type = (call: BoundCall): DataType => ({
  kind: 'datetime64',
  precision: precisionArgument(call, 0, 3),
  zone: zoneArgument(call, 1),
});

export const now64 = defineFunction({
  name: 'now64',
  signature: '([precision const integer], [zone const string]) -> datetime64',
  help: 'The time of the server’s clock with `precision` digits of a second (default 3).',
  examples: [
    ["now64(3, 'UTC')", '2026-01-02 03:04:05.678'],
    ["now64(6, 'UTC')", '2026-01-02 03:04:05.678000'],
    ["now64(3, 'UTC') + NULL", null],
  ],
  deterministic: false,
  returns: now64Type,
  kernel: (call) => {
    const { precision } = now64Type(call) as { precision: number };
    return {
      kind: 'constant',
      create:
        ({ clock }) =>
        () =>
          precision > 6 ? BigInt(Math.floor(clock.now())) * 10n ** BigInt(precision - 3) : msToTicks(clock.now(), precision),
    };
  },
  see: 'ClickHouse: now64',
});

export const today = defineFunction({
  name: 'today',
  aliases: ['current_date'],
  signature: '([zone const string]) -> date',
  help: 'The date of the server’s clock, in its zone or the one given.',
  examples: [
    ["today('UTC')", '2026-01-02'],
    ["today('UTC') - 1", '2026-01-01'],
    ["today('UTC') + NULL", null],
  ],
  deterministic: false,
  kernel: (call) => ({
    kind: 'constant',
    create:
      ({ clock, timezone }) =>
      () =>
        zone(zoneArgument(call, 0) ?? timezone).dayAt(clock.now()),
  }),
  see: 'ClickHouse: today',
});

export const earliestTimestamp = defineFunction({
  name: 'earliest_ts',
  aliases: ['earliest_timestamp'],
  signature: '() -> datetime64(3, UTC)',
  help: 'A time before every row: `_tp_time > earliest_ts()` reads a stream from its beginning.',
  examples: [
    ['earliest_ts()', '1900-01-01 00:00:00.000'],
    ["earliest_timestamp() < to_datetime('1970-01-01 00:00:00', 'UTC')", true],
    ['earliest_ts() + NULL', null],
  ],
  returns: (): DataType => ({ kind: 'datetime64', precision: 3, zone: 'UTC' }),
  kernel: inline(() => String(minDays * 86_400_000)),
  see: 'Proton: earliest_timestamp',
});
