import { dayOfYear, type TimeParts } from '@millrace/data';
import { defineFunction } from '../define-function.ts';
import type { ScalarFunction } from '../definition.ts';
import { isoWeek } from './iso-week.ts';
import { partsKernel } from './local-time.ts';

interface Part {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: 'uint8' | 'uint16';
  readonly help: string;
  readonly of: (parts: TimeParts, day: number) => number;
  /** Of 2026-02-28 13:14:15.678, a Saturday. */
  readonly example: number;
}

// biome-ignore format: a table
const parts: readonly Part[] = [
  { name: 'to_year', aliases: ['year'], type: 'uint16', help: 'The year', of: ({ year }) => year, example: 2026 },
  { name: 'to_quarter', aliases: ['quarter'], type: 'uint8', help: 'The quarter (1 – 4)', of: ({ month }) => Math.ceil(month / 3), example: 1 },
  { name: 'to_month', aliases: ['month'], type: 'uint8', help: 'The month (1 – 12)', of: ({ month }) => month, example: 2 },
  { name: 'to_week', aliases: ['to_iso_week', 'week'], type: 'uint8', help: 'The ISO week of the year (1 – 53, from Monday)', of: (_, day) => isoWeek(day).week, example: 9 },
  { name: 'to_day', aliases: ['day', 'to_day_of_month', 'day_of_month'], type: 'uint8', help: 'The day of the month (1 – 31)', of: ({ day }) => day, example: 28 },
  { name: 'to_day_of_week', aliases: ['weekday', 'day_of_week'], type: 'uint8', help: 'The day of the week, 1 = Monday … 7 = Sunday', of: ({ dayOfWeek }) => dayOfWeek, example: 6 },
  { name: 'to_day_of_year', aliases: ['day_of_year'], type: 'uint16', help: 'The day of the year (1 – 366)', of: (_, day) => dayOfYear(day), example: 59 },
  { name: 'to_hour', aliases: ['hour'], type: 'uint8', help: 'The hour (0 – 23)', of: ({ hour }) => hour, example: 13 },
  { name: 'to_minute', aliases: ['minute'], type: 'uint8', help: 'The minute (0 – 59)', of: ({ minute }) => minute, example: 14 },
  { name: 'to_second', aliases: ['second'], type: 'uint8', help: 'The second (0 – 59)', of: ({ second }) => second, example: 15 },
  { name: 'to_millisecond', aliases: ['millisecond'], type: 'uint16', help: 'The millisecond (0 – 999)', of: ({ millisecond }) => Math.floor(millisecond), example: 678 },
];

/** to_year … to_millisecond. */
export const timeParts: readonly ScalarFunction[] = parts.map(({ name, aliases, type, help, of, example }) =>
  defineFunction({
    name,
    aliases,
    signature: `(time time, [zone const string]) -> ${type}`,
    help: `${help} of a time, in its zone or the one given.`,
    examples: [
      [`${name}(to_datetime64('2026-02-28 13:14:15.678', 3, 'UTC'))`, example],
      [`${name}(to_date('2026-02-28'))`, ['to_hour', 'to_minute', 'to_second', 'to_millisecond'].includes(name) ? 0 : example],
      [`${name}(NULL)`, null],
    ],
    kernel: (call) => partsKernel(call, 1, (local, place, ms) => of(local, place.dayAt(ms))),
    see: 'ClickHouse: date and time functions',
  }),
);
