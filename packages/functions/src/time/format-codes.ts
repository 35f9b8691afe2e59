import { dayOfYear, type TimeParts } from '@millrace/data';
import { isoWeek } from './iso-week.ts';

/** What a code of {@link formatCodes} may print: a local time, its day since 1970, the fraction's digits, and the offset from UTC. */
export interface FormattedTime {
  readonly parts: TimeParts;
  readonly day: number;
  /** Digits behind the point, as many as the type has; empty for whole seconds. */
  readonly fraction: string;
  readonly offsetMs: number;
}

const weekdayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;
export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

const two = (value: number) => String(value).padStart(2, '0');
const four = (value: number) => String(value).padStart(4, '0');
const hour12 = (hour: number) => (hour % 12 === 0 ? 12 : hour % 12);
const timeOfDay = ({ hour, minute, second }: TimeParts) => `${two(hour)}:${two(minute)}:${two(second)}`;

function offset(ms: number): string {
  const minutes = Math.abs(ms) / 60_000;
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(Math.floor(minutes % 60))}`;
}

/** What each letter behind `%` prints. `%M` is the minute, as in Proton (newer ClickHouse prints the month's name). */
export const formatCodes: Readonly<Record<string, (time: FormattedTime) => string>> = {
  '%': () => '%',
  a: ({ parts }) => weekdayNames[parts.dayOfWeek - 1]!.slice(0, 3),
  b: ({ parts }) => monthNames[parts.month - 1]!.slice(0, 3),
  c: ({ parts }) => String(parts.month),
  C: ({ parts }) => two(Math.floor(parts.year / 100)),
  d: ({ parts }) => two(parts.day),
  D: ({ parts }) => `${two(parts.month)}/${two(parts.day)}/${two(parts.year % 100)}`,
  e: ({ parts }) => String(parts.day).padStart(2, ' '),
  f: ({ fraction }) => fraction.padEnd(6, '0'),
  F: ({ parts }) => `${four(parts.year)}-${two(parts.month)}-${two(parts.day)}`,
  g: ({ day }) => two(isoWeek(day).year % 100),
  G: ({ day }) => four(isoWeek(day).year),
  h: ({ parts }) => two(hour12(parts.hour)),
  H: ({ parts }) => two(parts.hour),
  i: ({ parts }) => two(parts.minute),
  I: ({ parts }) => two(hour12(parts.hour)),
  j: ({ day }) => String(dayOfYear(day)).padStart(3, '0'),
  k: ({ parts }) => String(parts.hour).padStart(2, ' '),
  l: ({ parts }) => String(hour12(parts.hour)).padStart(2, ' '),
  m: ({ parts }) => two(parts.month),
  M: ({ parts }) => two(parts.minute),
  n: () => '\n',
  p: ({ parts }) => (parts.hour < 12 ? 'AM' : 'PM'),
  Q: ({ parts }) => String(Math.ceil(parts.month / 3)),
  r: ({ parts }) => `${two(hour12(parts.hour))}:${two(parts.minute)} ${parts.hour < 12 ? 'AM' : 'PM'}`,
  R: ({ parts }) => `${two(parts.hour)}:${two(parts.minute)}`,
  s: ({ parts }) => two(parts.second),
  S: ({ parts }) => two(parts.second),
  t: () => '\t',
  T: ({ parts }) => timeOfDay(parts),
  u: ({ parts }) => String(parts.dayOfWeek),
  V: ({ day }) => two(isoWeek(day).week),
  w: ({ parts }) => String(parts.dayOfWeek % 7),
  W: ({ parts }) => weekdayNames[parts.dayOfWeek - 1]!,
  y: ({ parts }) => two(parts.year % 100),
  Y: ({ parts }) => four(parts.year),
  z: ({ offsetMs }) => offset(offsetMs),
};
