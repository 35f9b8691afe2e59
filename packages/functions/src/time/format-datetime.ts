import { type ByteString, precisionOf, toText } from '@millrace/data';
import { wrongValue } from '../argument-error.ts';
import { type BoundCall, constantAt, defineFunction, perQuery } from '../define-function.ts';
import { remembered } from '../remembered.ts';
import { type FormattedTime, formatCodes } from './format-codes.ts';
import { zoneOfCall } from './local-time.ts';
import { scaleOf, type Tick } from './scale.ts';

type Formatter = (time: FormattedTime) => string;

/** @throws {MillraceError} PLAN_ARGUMENT_INVALID for a code that there is not. */
function compileFormat(pattern: ByteString): Formatter {
  const pieces: Formatter[] = [];
  for (const [piece, code] of pattern.matchAll(/%([\s\S]?)|[^%]+/g)) {
    if (code === undefined) pieces.push(() => piece);
    else if (formatCodes[code] !== undefined) pieces.push(formatCodes[code]);
    else
      throw wrongValue(
        'format_datetime',
        `'${toText(piece)}' is no code of a format`,
        `codes are ${Object.keys(formatCodes)
          .map((name) => `%${name}`)
          .join(' ')}`,
      );
  }
  return (time) => pieces.map((format) => format(time)).join('');
}

export const formatDateTimeFunction = defineFunction({
  name: 'format_datetime',
  signature: '(time time, pattern string, [zone const string]) -> string',
  help: 'The time as the pattern says, by the wall clock: %Y %m %d %H %M %S, %F = %Y-%m-%d, %T = %H:%M:%S, %f fraction, %a %b names, %j day of year, %z offset, %% percent, ….',
  examples: [
    ["format_datetime(to_datetime('2022-01-02 13:44:45', 'UTC'), '%F %H:%M:%S')", '2022-01-02 13:44:45'],
    ["format_datetime(to_datetime('2022-01-02 13:44:45', 'UTC'), '%D %I:%i %p %a %b')", '01/02/22 01:44 PM Sun Jan'],
    ["format_datetime(to_datetime('2022-01-02 13:44:45', 'UTC'), '%R %z', 'Asia/Tokyo')", '22:44 +0900'],
    ["format_datetime(NULL, '%Y')", null],
  ],
  kernel: formatKernel,
  see: 'ClickHouse: formatDateTime',
});

function formatKernel(call: BoundCall) {
  const constant = constantAt(call, 1);
  const fixed = typeof constant === 'string' ? compileFormat(constant) : null;
  const type = call.types[0]!;
  const precision = precisionOf(type);
  return perQuery((context) => {
    const place = zoneOfCall(call, context, 2);
    const scale = scaleOf(type);
    const compile = fixed === null ? remembered(compileFormat) : () => fixed;
    return (value: Tick, pattern: ByteString) => {
      const { ms } = scale.split(value, place);
      const fraction = precision === 0 ? '' : fractionDigits(value, precision);
      return compile(pattern)({ parts: place.parts(ms), day: place.dayAt(ms), fraction, offsetMs: place.offsetAt(ms) });
    };
  });
}

function fractionDigits(value: Tick, precision: number): string {
  const scale = 10n ** BigInt(precision);
  return String(((BigInt(value) % scale) + scale) % scale).padStart(precision, '0');
}
