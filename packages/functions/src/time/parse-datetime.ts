import { MillraceError } from '@millrace/core';
import { type ByteString, type DataType, toText, zone } from '@millrace/data';
import { zoneArgument } from '../conversion/time-conversions.ts';
import { type BoundCall, constantAt, defineFunction, perQuery } from '../define-function.ts';
import { remembered } from '../remembered.ts';
import { compileTimeParser } from './parse-codes.ts';

const defaultPattern = '%Y-%m-%d %H:%i:%S';

export const parseDateTimeFunction = defineFunction({
  name: 'parse_datetime',
  signature: '(text string, [pattern string], [zone const string]) -> datetime',
  help: `Reads a text by a pattern of the codes of format_datetime (default ${defaultPattern}), as local time of the zone unless it has %z; what does not fit is an error.`,
  examples: [
    ["parse_datetime('02/01/2022 13:44', '%d/%m/%Y %H:%i', 'UTC')", '2022-01-02 13:44:00'],
    ["parse_datetime('2 Jan 22 1 PM', '%e %b %y %l %p', 'UTC')", '2022-01-02 13:00:00'],
    ["parse_datetime('2022-01-02 13:44:45 +0200', '%F %T %z', 'UTC')", '2022-01-02 11:44:45'],
    ["parse_datetime(NULL, '%Y', 'UTC')", null],
  ],
  returns: (call): DataType => ({ kind: 'datetime', zone: zoneArgument(call, 2) }),
  kernel: (call: BoundCall) => {
    const constant = constantAt(call, 1);
    const fixed =
      call.types.length === 1
        ? compileTimeParser(defaultPattern)
        : typeof constant === 'string'
          ? compileTimeParser(toText(constant))
          : null;
    return perQuery(({ timezone }) => {
      const place = zone(zoneArgument(call, 2) ?? timezone);
      const compile = fixed === null ? remembered(compileTimeParser) : () => fixed;
      return (text: ByteString, pattern: ByteString = defaultPattern) => {
        const seconds = compile(toText(pattern))(toText(text), place);
        if (seconds !== null) return seconds;
        throw new MillraceError('DATA_CAST_FAILED', `parse_datetime: '${toText(text)}' does not fit the pattern '${toText(pattern)}'`);
      };
    });
  },
  see: 'ClickHouse: parseDateTime',
});
