/** How many digits of a second times have: 3 for milliseconds. */
type Digits = number;

/** Ticks of one precision in another one, rounded down. */
export function convertTicks(ticks: bigint, from: Digits, to: Digits): bigint {
  if (to === from) return ticks;
  if (to > from) return ticks * 10n ** BigInt(to - from);
  const divisor = 10n ** BigInt(from - to);
  const quotient = ticks / divisor;
  return ticks < 0n && ticks % divisor !== 0n ? quotient - 1n : quotient;
}

/** Milliseconds since the epoch, exact down to microseconds in their fraction, as ticks of a precision. */
export function ticksOfMs(ms: number, to: Digits): bigint {
  const whole = Math.floor(ms);
  if (whole === ms || to <= 3) return convertTicks(BigInt(whole), 3, to);
  const microseconds = BigInt(whole) * 1000n + BigInt(Math.round((ms - whole) * 1000));
  return convertTicks(microseconds, 6, to);
}

/** The day that a time falls on, in UTC, as IoTDB writes a DATE: `yyyymmdd`. @throws {RangeError} before the year 1000 and after 9999 */
export function dateNumber(ms: number): number {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  if (!(year >= 1000 && year <= 9999))
    throw new RangeError(`${Number.isNaN(year) ? ms : `the year ${year}`} is no DATE of IoTDB, which are of the years 1000 to 9999`);
  return year * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
}
