import { type CalendarUnit, type DataType, fixedLengthMs, precisionOf, type Zone } from '@millrace/data';
import { isWide } from '../numeric-type.ts';

/** A value of a date or date-time type: days, seconds or ticks. */
export type Tick = number | bigint;

/** An instant in whole ms, and the ticks of the type beyond them (0 for precisions of up to 3). */
export interface SplitInstant {
  readonly ms: number;
  readonly rest: Tick;
}

/** Between the values of one date or date-time type and ms since the epoch, without loss. */
export interface Scale {
  readonly type: DataType;
  /** A date is its local midnight. */
  split(value: Tick, zone: Zone): SplitInstant;
  /** The inverse; what the type cannot hold is cut off (towards earlier). */
  join(instant: SplitInstant, zone: Zone): Tick;
}

/** The scale of a date, datetime or datetime64. */
export function scaleOf(type: DataType): Scale {
  if (type.kind === 'date') {
    return {
      type,
      split: (days, zone) => ({ ms: zone.startOfDay(Number(days)), rest: 0 }),
      join: ({ ms }, zone) => zone.dayAt(ms),
    };
  }
  const precision = precisionOf(type);
  if (precision <= 3) {
    const msPerTick = 10 ** (3 - precision);
    return { type, split: (value) => ({ ms: Number(value) * msPerTick, rest: 0 }), join: ({ ms }) => Math.floor(ms / msPerTick) };
  }
  return isWide(type) ? wideScale(type, 10n ** BigInt(precision - 3)) : fineScale(type, 10 ** (precision - 3));
}

function fineScale(type: DataType, ticksPerMs: number): Scale {
  return {
    type,
    split(value) {
      const ms = Math.floor(Number(value) / ticksPerMs);
      return { ms, rest: Number(value) - ms * ticksPerMs };
    },
    join: ({ ms, rest }) => ms * ticksPerMs + Number(rest),
  };
}

function wideScale(type: DataType, ticksPerMs: bigint): Scale {
  return {
    type,
    split(value) {
      const rest = ((BigInt(value) % ticksPerMs) + ticksPerMs) % ticksPerMs;
      return { ms: Number((BigInt(value) - rest) / ticksPerMs), rest };
    },
    join: ({ ms, rest }) => BigInt(ms) * ticksPerMs + BigInt(rest),
  };
}

const subSecondDigits: Partial<Record<CalendarUnit, number>> = { millisecond: 3, microsecond: 6, nanosecond: 9 };

/** Digits of a second that a unit needs: 0 for second and longer ones. */
export function digitsOf(unit: CalendarUnit): number {
  return subSecondDigits[unit] ?? 0;
}

/** How many ticks of 10^-digits seconds a fixed unit has; null for day and longer ones. */
export function ticksOf(unit: CalendarUnit, digits: number): number | null {
  const lengthMs = fixedLengthMs(unit);
  return lengthMs === null ? null : lengthMs >= 1 ? (lengthMs / 1000) * 10 ** digits : 10 ** (digits - digitsOf(unit));
}
