import { civilFromDays } from './civil.ts';
import { powersOfTen } from './parse-date-time.ts';
import type { Zone } from './zone.ts';

/** No date-time is longer than this: a year of six digits and a sign, and nine digits of a fraction. */
export const maxDateTimeLength = 36;

let cachedDay = Number.NaN;
let cachedYear = 0;
let cachedMonth = 0;
let cachedDayOfMonth = 0;

/**
 * Writes `YYYY-MM-DD hh:mm:ss[.f…]` (as many digits as the precision) in the zone's local time at `target[at …)` and gives
 * where it ends. The target has room for {@link maxDateTimeLength}.
 * @param ticks of 10^-precision seconds since the epoch
 */
export function writeDateTime(target: Uint8Array, at: number, ticks: number | bigint, precision: number, zone: Zone): number {
  const scale = powersOfTen[precision]!;
  let seconds: number;
  let fraction: number;
  if (typeof ticks === 'bigint') {
    const remainder = ticks % BigInt(scale);
    const positive = remainder < 0n ? remainder + BigInt(scale) : remainder;
    seconds = Number((ticks - positive) / BigInt(scale));
    fraction = Number(positive);
  } else {
    seconds = Math.floor(ticks / scale);
    fraction = ticks - seconds * scale;
  }
  const local = zone.isUtc ? seconds : seconds + zone.offsetAt(seconds * 1000) / 1000;
  const day = Math.floor(local / 86_400);
  const secondOfDay = local - day * 86_400;
  let end = writeDate(target, at, day);
  target[end] = 32;
  end = writePair(target, end + 1, Math.floor(secondOfDay / 3600));
  target[end] = 58;
  end = writePair(target, end + 1, Math.floor(secondOfDay / 60) % 60);
  target[end] = 58;
  end = writePair(target, end + 1, secondOfDay % 60);
  if (precision === 0) return end;
  target[end] = 46;
  return writeDigits(target, end + 1, fraction, precision);
}

/** Writes `YYYY-MM-DD`, as {@link writeDateTime}. */
export function writeDate(target: Uint8Array, at: number, days: number): number {
  if (days !== cachedDay) {
    ({ year: cachedYear, month: cachedMonth, day: cachedDayOfMonth } = civilFromDays(days));
    cachedDay = days;
  }
  let end = writeYear(target, at, cachedYear);
  target[end] = 45;
  end = writePair(target, end + 1, cachedMonth);
  target[end] = 45;
  return writePair(target, end + 1, cachedDayOfMonth);
}

function writeYear(target: Uint8Array, at: number, year: number): number {
  if (year < 0) {
    target[at] = 45;
    return writeYear(target, at + 1, -year);
  }
  return writeDigits(target, at, year, year > 9999 ? String(year).length : 4);
}

function writePair(target: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  target[at] = 48 + tens;
  target[at + 1] = 48 + value - tens * 10;
  return at + 2;
}

function writeDigits(target: Uint8Array, at: number, value: number, width: number): number {
  let rest = value;
  for (let i = at + width - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    target[i] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return at + width;
}

const scratch = Buffer.allocUnsafeSlow(maxDateTimeLength);

/** `YYYY-MM-DD hh:mm:ss[.f…]` in the zone's local time. */
export function formatDateTime(ticks: number | bigint, precision: number, zone: Zone): string {
  return scratch.toString('latin1', 0, writeDateTime(scratch, 0, ticks, precision, zone));
}

/** `YYYY-MM-DD`. */
export function formatDate(days: number): string {
  return scratch.toString('latin1', 0, writeDate(scratch, 0, days));
}
