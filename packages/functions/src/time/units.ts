import { type CalendarUnit, toText } from '@millrace/data';
import { wrongValue } from '../argument-error.ts';
import { type BoundCall, constantAt } from '../define-function.ts';

// biome-ignore format: a table
const names: Readonly<Record<CalendarUnit, readonly string[]>> = {
  nanosecond: ['nanosecond', 'nanoseconds', 'ns'],
  microsecond: ['microsecond', 'microseconds', 'us', 'u'],
  millisecond: ['millisecond', 'milliseconds', 'ms'],
  second: ['second', 'seconds', 'ss', 's'],
  minute: ['minute', 'minutes', 'mi', 'n', 'm'],
  hour: ['hour', 'hours', 'hh', 'h'],
  day: ['day', 'days', 'dd', 'd'],
  week: ['week', 'weeks', 'wk', 'ww', 'w'],
  month: ['month', 'months', 'mm'],
  quarter: ['quarter', 'quarters', 'qq', 'q'],
  year: ['year', 'years', 'yyyy', 'yy', 'y'],
};

const unitByName = new Map(
  Object.entries(names).flatMap(([unit, spellings]) => spellings.map((name) => [name, unit as CalendarUnit] as const)),
);

/** The unit that constant argument `index` names (`'hour'`, `'hours'`, `'h'`, any case; `'M'` is a month, `'m'` a minute). */
export function unitArgument(call: BoundCall, index: number): CalendarUnit {
  const text = toText((constantAt(call, index) ?? '') as string);
  const unit = text === 'M' ? 'month' : unitByName.get(text.toLowerCase());
  if (unit === undefined) throw wrongValue(call.name, `'${text}' is no unit of time`, `units are ${Object.keys(names).join(', ')}`);
  return unit;
}
