import type { Json, Value } from '@millrace/sdk';

/** What two points of a series may differ in until the later one counts. */
export interface Tolerance {
  /** Of numbers: this much is no change. */
  readonly deviation: number;
  /** Points this near to the last one, or nearer, never count. Milliseconds. */
  readonly minIntervalMs: number;
  /** Points this far from the last one, or farther, always count. Milliseconds. */
  readonly maxIntervalMs: number;
}

/** The last point of a series that counted, as it is kept: event time, and the value as {@link stored}. */
export type Point = readonly [timeMs: number, value: Json];

/** Whether a point counts after the last one that did. */
export function counts(
  last: Point | undefined,
  timeMs: number,
  value: Value,
  { deviation, minIntervalMs, maxIntervalMs }: Tolerance,
): boolean {
  if (last === undefined) return true;
  const distance = Math.abs(timeMs - last[0]);
  if (distance <= minIntervalMs) return false;
  return distance >= maxIntervalMs || differs(last[1], value, deviation);
}

/** A value as it is kept: what JSON has no numbers for as text. */
export function stored(value: Value): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'boolean' || typeof value === 'string' || value === null ? value : text(value);
}

function differs(last: Json, value: Value, deviation: number): boolean {
  if (typeof value === 'bigint') return Math.abs(Number(value - BigInt(String(last)))) > deviation;
  if (typeof value !== 'number') return last !== stored(value);
  // NaN is as far from NaN as it is from 1: it counts each time unless it is the same text.
  const distance = Math.abs(value - Number(last));
  return Number.isNaN(distance) ? last !== stored(value) : distance > deviation;
}

/** The same for equal values, whatever their nesting. */
function text(value: Value): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    return part instanceof Map ? [...part] : part;
  });
}
