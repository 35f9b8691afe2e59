import type { Value } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { precisionOf, removeNullable, zoneOf } from '../type/type-predicates.ts';
import { msPerDay } from './civil.ts';
import { powersOfTen } from './parse-date-time.ts';
import { type Zone, zone } from './zone.ts';

/** The zone in which values of a date-time type are read and shown: its own, else the given one. */
export function zoneOfType(type: DataType, timezone: string): Zone {
  return zone(zoneOf(type) ?? timezone);
}

/** Ticks of 10^-precision seconds as ms; finer ones as a fraction. */
export function ticksToMs(ticks: number | bigint, precision: number): number {
  if (precision <= 3) return Number(ticks) * powersOfTen[3 - precision]!;
  if (typeof ticks === 'number') return ticks / powersOfTen[precision - 3]!;
  const scale = BigInt(powersOfTen[precision - 3]!);
  return Number(ticks / scale) + Number(ticks % scale) / Number(scale);
}

/** Ms as ticks of 10^-precision seconds (precision 0 … 6), rounded down. */
export function msToTicks(ms: number, precision: number): number {
  return precision <= 3 ? Math.floor(ms / powersOfTen[3 - precision]!) : Math.floor(ms * powersOfTen[precision - 3]!);
}

/** The instant, in ms, of a value of date (start of the day in the zone), datetime or datetime64. */
export function temporalToMs(value: number | bigint, type: DataType, timezone: string): number {
  const inner = removeNullable(type);
  if (inner.kind === 'date') return zone(timezone).startOfDay(value as number);
  return ticksToMs(value, precisionOf(inner));
}

/** The value of date, datetime or datetime64 at an instant; what is finer than the type is cut off. */
export function temporalFromMs(ms: number, type: DataType, timezone: string): Value {
  const inner = removeNullable(type);
  if (inner.kind === 'date') return Math.floor(zone(timezone).toLocal(ms) / msPerDay);
  const precision = precisionOf(inner);
  if (precision <= 6) return msToTicks(ms, precision);
  const whole = Math.floor(ms);
  return BigInt(whole) * BigInt(powersOfTen[precision - 3]!) + BigInt(Math.floor((ms - whole) * powersOfTen[precision - 3]!));
}

/** Ticks of one precision in another (what is finer is cut off, towards the past); BigInt above precision 6. */
export function rescaleTicks(ticks: number | bigint, from: number, to: number): number | bigint {
  if (from === to) return ticks;
  if (typeof ticks === 'number' && to <= 6) {
    return to > from ? ticks * powersOfTen[to - from]! : Math.floor(ticks / powersOfTen[from - to]!);
  }
  const exact = BigInt(ticks);
  const scaled = to > from ? exact * BigInt(powersOfTen[to - from]!) : floorDivide(exact, BigInt(powersOfTen[from - to]!));
  return to > 6 ? scaled : Number(scaled);
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a < 0n && a % b !== 0n ? a / b - 1n : a / b;
}
