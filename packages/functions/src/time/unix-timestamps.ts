import { type DataType, precisionOf } from '@millrace/data';
import { asBigInt } from '../arithmetic/number-lane.ts';
import { zoneArgument } from '../conversion/time-conversions.ts';
import { type BoundCall, defineFunction, inline } from '../define-function.ts';
import type { ScalarFunction } from '../definition.ts';
import { isWide } from '../numeric-type.ts';

/** Of a time in one unit since 1970. */
function defineUnix(name: string, aliases: readonly string[], digits: number, unit: string, example: number): ScalarFunction {
  return defineFunction({
    name,
    aliases,
    signature: '(time time) -> int64',
    help: `The ${unit} since 1970-01-01 00:00:00 UTC, rounded down.`,
    examples: [
      [`${name}(to_datetime64('2022-02-08 05:33:52.5', 3, 'UTC'))`, example],
      [`${name}(to_datetime('1970-01-01 00:00:00', 'UTC'))`, 0],
      [`${name}(NULL)`, null],
    ],
    argumentTypes: ({ types }) => [types[0]!.kind === 'date' ? { kind: 'datetime', zone: null } : types[0]!],
    kernel: ({ types }) => {
      const precision = precisionOf(types[0]!);
      if (precision <= digits) return inline((value) => `(${asBigInt(value!, types[0]!)} * ${10n ** BigInt(digits - precision)}n)`);
      const divisor = 10 ** (precision - digits);
      return isWide(types[0]!)
        ? inline((value) => `((${value} - (${value} % ${divisor}n + ${divisor}n) % ${divisor}n) / ${divisor}n)`)
        : inline((value) => `BigInt(Math.floor(${value} / ${divisor}))`);
    },
    see: 'ClickHouse: toUnixTimestamp',
  });
}

export const unixTimestamps: readonly ScalarFunction[] = [
  defineUnix('to_unix_timestamp', [], 0, 'seconds', 1644298432),
  defineUnix('to_unix_timestamp64_milli', [], 3, 'milliseconds', 1644298432500),
  defineUnix('to_unix_timestamp64_micro', [], 6, 'microseconds', 1644298432500000),
];

function defineFromUnix(name: string, digits: number, unit: string, example: readonly [number, string]): ScalarFunction {
  const typeOf = (call: BoundCall): DataType =>
    digits === 0
      ? { kind: 'datetime', zone: zoneArgument(call, 1) }
      : { kind: 'datetime64', precision: digits, zone: zoneArgument(call, 1) };
  return defineFunction({
    name,
    signature: `(${unit} index, [zone const string]) -> ${digits === 0 ? 'datetime' : `datetime64(${digits})`}`,
    help: `The time that many ${unit} after 1970-01-01 00:00:00 UTC, shown in the zone.`,
    examples: [
      [`${name}(${example[0]}, 'UTC')`, example[1]],
      [`to_year(${name}(0, 'UTC'))`, 1970],
      [`${name}(NULL, 'UTC')`, null],
    ],
    returns: typeOf,
    kernel: inline((value) => value!),
    see: 'ClickHouse: fromUnixTimestamp',
  });
}

export const fromUnixTimestamps: readonly ScalarFunction[] = [
  defineFromUnix('from_unix_timestamp', 0, 'seconds', [1644298432, '2022-02-08 05:33:52']),
  defineFromUnix('from_unix_timestamp64_milli', 3, 'milliseconds', [1644298432500, '2022-02-08 05:33:52.500']),
  defineFromUnix('from_unix_timestamp64_micro', 6, 'microseconds', [1644298432500000, '2022-02-08 05:33:52.500000']),
];
