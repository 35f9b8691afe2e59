/**
 * A time in UTC, e.g. `2024-02-29T12:00:00.125Z`.
 * @param value milliseconds, perhaps with a fraction; as a bigint, ticks of the precision
 * @param precision digits after the seconds, 0 … 9
 */
export function timeText(value: number | bigint, precision: number): string {
  const ticksPerSecond = 10n ** BigInt(precision);
  const ticks = typeof value === 'bigint' ? value : ticksOf(value, precision);
  const part = ((ticks % ticksPerSecond) + ticksPerSecond) % ticksPerSecond;
  const seconds = new Date(Number((ticks - part) / ticksPerSecond) * 1000).toISOString().slice(0, 19);
  return precision === 0 ? `${seconds}Z` : `${seconds}.${String(part).padStart(precision, '0')}Z`;
}

/** Whole milliseconds and their fraction apart: together they have more digits than a double multiplies without loss. */
function ticksOf(ms: number, precision: number): bigint {
  if (precision <= 3) return BigInt(Math.floor(ms / 10 ** (3 - precision)));
  const whole = Math.floor(ms);
  const scale = 10 ** (precision - 3);
  return BigInt(whole) * BigInt(scale) + BigInt(Math.round((ms - whole) * scale));
}
