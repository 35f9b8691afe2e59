import { MillraceError } from '@millrace/core';
import { daysFromCivil, daysInMonth, maxDays, minDays, type Zone } from '@millrace/data';
import { monthNames } from './format-codes.ts';

/** What the codes of a pattern read from a text. */
interface ParsedTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** Set by %p. */
  afternoon: boolean | null;
  /** Set by %z. */
  offsetMs: number | null;
  /** Set by %s-less epoch patterns: none; by %j. */
  dayOfYear: number | null;
}

/** How a code reads: the text it matches (one group), and what it sets. */
interface ParseCode {
  readonly pattern: string;
  set(time: ParsedTime, text: string): void;
}

const digits = (pattern: string, field: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'): ParseCode => ({
  pattern: `(${pattern})`,
  set: (time, text) => {
    time[field] = Number(text);
  },
});

const minute = digits('\\d{2}', 'minute');
const second = digits('\\d{2}', 'second');
const hour12 = digits('\\d{2}', 'hour');

const parseCodes: Readonly<Record<string, ParseCode>> = {
  Y: digits('\\d{4}', 'year'),
  y: { pattern: '(\\d{2})', set: (time, text) => void (time.year = Number(text) + (Number(text) < 70 ? 2000 : 1900)) },
  m: digits('\\d{2}', 'month'),
  c: digits('\\d{1,2}', 'month'),
  b: {
    pattern: `(${monthNames.map((name) => name.slice(0, 3)).join('|')})`,
    set: (time, text) => void (time.month = monthNames.findIndex((name) => name.slice(0, 3).toLowerCase() === text.toLowerCase()) + 1),
  },
  d: digits('\\d{2}', 'day'),
  e: digits(' ?\\d{1,2}', 'day'),
  j: { pattern: '(\\d{3})', set: (time, text) => void (time.dayOfYear = Number(text)) },
  H: digits('\\d{2}', 'hour'),
  k: digits(' ?\\d{1,2}', 'hour'),
  h: hour12,
  I: hour12,
  l: digits(' ?\\d{1,2}', 'hour'),
  i: minute,
  M: minute,
  s: second,
  S: second,
  p: { pattern: '(AM|PM)', set: (time, text) => void (time.afternoon = text.toUpperCase() === 'PM') },
  z: {
    pattern: '([+-]\\d{2}:?\\d{2}|Z)',
    set: (time, text) => {
      const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(text) ?? [null, '+', '0', '0'];
      time.offsetMs = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
    },
  },
};

const shorthands: Readonly<Record<string, string>> = { F: '%Y-%m-%d', T: '%H:%i:%S', R: '%H:%i', D: '%m/%d/%y', '%': '' };

/** Reads a text by a pattern; gives seconds since the epoch, or null if the text does not fit or is no time. */
export type TimeParser = (text: string, zone: Zone) => number | null;

/**
 * Compiles a pattern of the codes that `format_datetime` prints into a parser.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID for a code that cannot be read.
 */
export function compileTimeParser(pattern: string): TimeParser {
  const codes: ParseCode[] = [];
  const expanded = pattern.replace(/%([FTRD])/g, (_, code: string) => shorthands[code]!);
  let expression = '';
  for (const [piece, code] of expanded.matchAll(/%([\s\S]?)|[^%]+/g)) {
    if (code === undefined) expression += escapeRegex(piece);
    else if (code === '%') expression += '%';
    else {
      const parse = parseCodes[code];
      if (parse === undefined) throw unknownCode(piece);
      codes.push(parse);
      expression += parse.pattern;
    }
  }
  const regex = new RegExp(`^${expression}$`, 'i');
  return (text, zone) => {
    const match = regex.exec(text);
    if (match === null) return null;
    const time: ParsedTime = {
      year: 1970,
      month: 1,
      day: 1,
      hour: 0,
      minute: 0,
      second: 0,
      afternoon: null,
      offsetMs: null,
      dayOfYear: null,
    };
    for (const [index, code] of codes.entries()) code.set(time, match[index + 1]!);
    return secondsOf(time, zone);
  };
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

function unknownCode(piece: string): MillraceError {
  const known = [...Object.keys(parseCodes), ...Object.keys(shorthands)].map((code) => `%${code}`).join(' ');
  return new MillraceError('PLAN_ARGUMENT_INVALID', `parse_datetime: '${piece}' is no code that can be read`, {
    hint: `codes are ${known}`,
  });
}

function secondsOf(time: ParsedTime, zone: Zone): number | null {
  const hour = time.afternoon === null ? time.hour : (time.hour % 12) + (time.afternoon ? 12 : 0);
  const validDay = time.month >= 1 && time.month <= 12 && time.day >= 1 && time.day <= daysInMonth(time.year, time.month);
  if (!validDay || hour > 23 || time.minute > 59 || time.second > 59 || (time.afternoon !== null && (time.hour < 1 || time.hour > 12)))
    return null;
  const days = time.dayOfYear === null ? daysFromCivil(time.year, time.month, time.day) : daysFromCivil(time.year, 1, time.dayOfYear);
  if (days < minDays || days > maxDays) return null;
  const localMs = ((days * 24 + hour) * 60 + time.minute) * 60_000 + time.second * 1000;
  return (time.offsetMs === null ? zone.fromLocal(localMs) : localMs - time.offsetMs) / 1000;
}
