import { daysFromCivil, daysInMonth, maxDays, minDays } from './civil.ts';
import type { Zone } from './zone.ts';

const secondsPerDay = 86_400;
const minSeconds = minDays * secondsPerDay;
const maxSeconds = (maxDays + 1) * secondsPerDay - 1;

/** 10^n for n = 0 … 9. */
export const powersOfTen: readonly number[] = [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

// What the last successful parse gave. Variables instead of a result object: this runs for every row of a stream.
let parsedSeconds = 0;
let parsedNanos = 0;

/** The date that was read last: neighbours in a stream mostly share it. */
let lastDate = -1;
let lastDays = 0;

/**
 * Reads a date-time from `bytes[start … end)` as ticks of 10^-precision seconds since the epoch (precision 0 … 6; finer
 * digits are cut off). NaN if it is none.
 *
 * Forms: `YYYY-MM-DD`, `YYYY-MM-DD hh:mm[:ss[.f…]]`, with `T` instead of the space, and with `Z`, `±hh`, `±hhmm`, `±hh:mm`
 * after the time (else it is a local time of `zone`); an integer is ticks already; digits with a point are seconds.
 * Dates that do not exist and years outside 1900 … 2299 are refused.
 */
export function parseDateTimeSpan(bytes: Uint8Array, start: number, end: number, precision: number, zone: Zone): number {
  if (end - start > 4 && bytes[start + 4] === 45) {
    if (!parseCivil(bytes, start, end, zone)) return Number.NaN;
    const fraction = precision === 0 || parsedNanos === 0 ? 0 : Math.floor(parsedNanos / powersOfTen[9 - precision]!);
    return parsedSeconds * powersOfTen[precision]! + fraction;
  }
  if (!parseNumber(bytes, start, end, precision)) return Number.NaN;
  return parsedSeconds * powersOfTen[precision]! + Math.floor(parsedNanos / powersOfTen[9 - precision]!);
}

/** As {@link parseDateTimeSpan}, exact for every precision (0 … 9); null if it is no date-time. Nanoseconds end with the year 2262. */
export function parseDateTimeSpanBigInt(bytes: Uint8Array, start: number, end: number, precision: number, zone: Zone): bigint | null {
  const isCivil = end - start > 4 && bytes[start + 4] === 45;
  if (!(isCivil ? parseCivil(bytes, start, end, zone) : parseNumber(bytes, start, end, precision))) return null;
  const ticks = BigInt(parsedSeconds) * BigInt(powersOfTen[precision]!) + BigInt(Math.floor(parsedNanos / powersOfTen[9 - precision]!));
  return BigInt.asIntN(64, ticks) === ticks ? ticks : null;
}

/** As {@link parseDateTimeSpan}, from a text. */
export function parseDateTime(text: string, precision: number, zone: Zone): number {
  const bytes = Buffer.from(text, 'latin1');
  return parseDateTimeSpan(bytes, 0, bytes.length, precision, zone);
}

/** As {@link parseDateTimeSpanBigInt}, from a text. */
export function parseDateTimeBigInt(text: string, precision: number, zone: Zone): bigint | null {
  const bytes = Buffer.from(text, 'latin1');
  return parseDateTimeSpanBigInt(bytes, 0, bytes.length, precision, zone);
}

/** Reads `YYYY-MM-DD` as days since the epoch; NaN if it is none or outside 1900 … 2299. */
export function parseDateSpan(bytes: Uint8Array, start: number, end: number): number {
  return end - start === 10 ? readDate(bytes, start) : Number.NaN;
}

/** As {@link parseDateSpan}, from a text. */
export function parseDate(text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  return parseDateSpan(bytes, 0, bytes.length);
}

/** Two digits; a large negative number if they are none, so that sums and comparisons show it. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 48;
  const ones = bytes[at + 1]! - 48;
  return tens >>> 0 <= 9 && ones >>> 0 <= 9 ? tens * 10 + ones : -1_000_000;
}

function readDate(bytes: Uint8Array, at: number): number {
  if (bytes[at + 4] !== 45 || bytes[at + 7] !== 45) return Number.NaN;
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  const date = year * 10_000 + month * 100 + day;
  if (date === lastDate) return lastDays;
  if (year < 1900 || year > 2299 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  lastDays = daysFromCivil(year, month, day);
  lastDate = date;
  return lastDays;
}

function parseCivil(bytes: Uint8Array, start: number, end: number, zone: Zone): boolean {
  if (end - start < 10) return false;
  const days = readDate(bytes, start);
  if (Number.isNaN(days)) return false;
  parsedNanos = 0;
  if (end - start === 10) return applyZone(days * secondsPerDay, zone);
  const separator = bytes[start + 10]!;
  if ((separator !== 32 && separator !== 84 && separator !== 116) || end - start < 16 || bytes[start + 13] !== 58) return false;
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  let at = start + 16;
  let second = 0;
  if (at + 2 < end && bytes[at] === 58) {
    second = twoDigits(bytes, at + 1);
    at += 3;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
  if (at < end && bytes[at] === 46) {
    at = readFraction(bytes, at + 1, end);
    if (at < 0) return false;
  }
  const seconds = days * secondsPerDay + hour * 3600 + minute * 60 + second;
  return at === end ? applyZone(seconds, zone) : applyOffset(bytes, at, end, seconds);
}

function applyZone(localSeconds: number, zone: Zone): boolean {
  parsedSeconds = zone.isUtc ? localSeconds : zone.fromLocal(localSeconds * 1000) / 1000;
  return true;
}

/** `Z`, `±hh`, `±hhmm` or `±hh:mm` up to the end. */
function applyOffset(bytes: Uint8Array, at: number, end: number, localSeconds: number): boolean {
  const mark = bytes[at]!;
  if (mark === 90 || mark === 122) {
    parsedSeconds = localSeconds;
    return at + 1 === end;
  }
  if (mark !== 43 && mark !== 45) return false;
  const length = end - at;
  const minutesAt = length === 6 && bytes[at + 3] === 58 ? at + 4 : length === 5 ? at + 3 : -1;
  if (length !== 3 && minutesAt < 0) return false;
  const hours = twoDigits(bytes, at + 1);
  const minutes = minutesAt < 0 ? 0 : twoDigits(bytes, minutesAt);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
  parsedSeconds = localSeconds - (mark === 45 ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

/** Reads digits after the point into `parsedNanos`; gives where they end, or −1 if there are none. */
function readFraction(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let nanos = 0;
  let scale = 1e8;
  for (; at < end; at++) {
    const digit = bytes[at]! - 48;
    if (digit >>> 0 > 9) break;
    if (scale >= 1) nanos += digit * scale;
    scale /= 10;
  }
  parsedNanos = nanos;
  return at === start ? -1 : at;
}

/** An integer (ticks) or digits with a point (seconds), with an optional minus. */
function parseNumber(bytes: Uint8Array, start: number, end: number, precision: number): boolean {
  const negative = bytes[start] === 45;
  let at = negative ? start + 1 : start;
  const firstDigit = at;
  // As two parts, for 19 digits of nanoseconds do not fit a double.
  const wholeEnd = endOfDigits(bytes, at, end);
  if (wholeEnd === firstDigit || wholeEnd - firstDigit > 20) return false;
  const hasPoint = wholeEnd < end && bytes[wholeEnd] === 46;
  const secondsEnd = hasPoint ? wholeEnd : Math.max(firstDigit, wholeEnd - precision);
  let seconds = 0;
  for (; at < secondsEnd; at++) seconds = seconds * 10 + (bytes[at]! - 48);
  if (hasPoint) {
    if (readFraction(bytes, wholeEnd + 1, end) !== end) return false;
  } else {
    if (wholeEnd !== end) return false;
    let ticks = 0;
    for (; at < end; at++) ticks = ticks * 10 + (bytes[at]! - 48);
    parsedNanos = ticks * powersOfTen[9 - precision]!;
  }
  parsedSeconds = seconds;
  if (negative) negate();
  return parsedSeconds >= minSeconds && parsedSeconds <= maxSeconds;
}

/** Keeps the fraction positive: −1.5 s is −2 s and half a second. */
function negate(): void {
  parsedSeconds = parsedNanos === 0 ? -parsedSeconds : -parsedSeconds - 1;
  if (parsedNanos !== 0) parsedNanos = 1e9 - parsedNanos;
}

function endOfDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at]! - 48) >>> 0 <= 9) at++;
  return at;
}

/** True for ticks of a date-time within 1900 … 2299 that fit 64 bits. */
export function isTicksInRange(ticks: number | bigint, precision: number): boolean {
  if (typeof ticks === 'bigint' && BigInt.asIntN(64, ticks) !== ticks) return false;
  const seconds = Math.floor(Number(ticks) / powersOfTen[precision]!);
  return seconds >= minSeconds && seconds <= maxSeconds;
}
