import type { CalendarUnit } from '../data-type.ts';
import { civilFromDays, dayOfWeek, daysFromCivil, daysInMonth, msPerDay } from './civil.ts';
import { type OffsetSpan, ZoneRules } from './zone-rules.ts';

/** The parts of a local time. */
export interface TimeParts {
  readonly year: number;
  /** 1 … 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 … 999, with a fraction if the instant has one. */
  readonly millisecond: number;
  /** 1 = Monday … 7 = Sunday. */
  readonly dayOfWeek: number;
}

const fixedUnitMs = {
  nanosecond: 1e-6,
  microsecond: 1e-3,
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
} as const satisfies Partial<Record<CalendarUnit, number>>;

type FixedUnit = keyof typeof fixedUnitMs;

/** The length in ms of a unit that does not depend on the calendar (nanosecond … hour), else null. */
export function fixedLengthMs(unit: CalendarUnit): number | null {
  return fixedUnitMs[unit as FixedUnit] ?? null;
}

const always: OffsetSpan = { startMs: -Infinity, endMs: Infinity, offsetMs: 0 };
const never: OffsetSpan = { startMs: Infinity, endMs: -Infinity, offsetMs: 0 };

const monthsOf = { month: 1, quarter: 3, year: 12 } as const;

/**
 * A time zone. Instants are ms since the epoch, UTC; *local ms* are what a UTC calendar would call the wall clock of the zone.
 * The tz database is asked once for each year in use; after that everything is arithmetic.
 */
export class Zone {
  readonly name: string;
  readonly isUtc: boolean;
  readonly #rules: ZoneRules | null;
  /** The span that was asked for last: the next instant mostly lies in it too. */
  #span: OffsetSpan;

  /** Use {@link zone}, which keeps one of each name. */
  constructor(name: string, isUtc: boolean) {
    this.name = name;
    this.isUtc = isUtc;
    this.#rules = isUtc ? null : new ZoneRules(name);
    this.#span = isUtc ? always : never;
  }

  /** Local time minus UTC at an instant, in ms. */
  offsetAt(utcMs: number): number {
    const span = this.#span;
    if (utcMs >= span.startMs && utcMs < span.endMs) return span.offsetMs;
    return this.#look(utcMs);
  }

  /** The wall clock at an instant. */
  toLocal(utcMs: number): number {
    return utcMs + this.offsetAt(utcMs);
  }

  /**
   * The instant at which the wall clock shows a local time. A time that comes twice (clocks set back) is the first of the two;
   * one that never comes (clocks set forward) is as much later as the clocks jump: 02:30 becomes 03:30.
   */
  fromLocal(localMs: number): number {
    const span = this.#span;
    const guess = localMs - span.offsetMs;
    if (guess - 2 * msPerDay >= span.startMs && guess + 2 * msPerDay < span.endMs) return guess;
    return this.#resolve(localMs);
  }

  /**
   * The start of the window of `amount` units that holds the instant. Days, weeks (Monday), months, quarters and years
   * start by the zone's calendar, counted from 1970 (weeks from the one of 1970-01-01). Fixed units are aligned to the
   * zone's epoch under the offset of the instant, so a window that follows a change of the offset is as long as any other.
   */
  floor(utcMs: number, amount: number, unit: CalendarUnit): number {
    const unitMs = fixedLengthMs(unit);
    if (unitMs !== null) return floorFixed(utcMs, amount, unitMs, this.offsetAt(utcMs));
    const day = Math.floor(this.toLocal(utcMs) / msPerDay);
    return this.fromLocal(floorDay(day, amount, unit) * msPerDay);
  }

  /**
   * The instant `amount` units later (earlier if negative). Fixed units add elapsed time (24 hours are 24 h); days and
   * longer ones keep the wall clock (one day may be 23, 24 or 25 h), and a day that the month has not becomes its last.
   */
  add(utcMs: number, amount: number, unit: CalendarUnit): number {
    const unitMs = fixedLengthMs(unit);
    if (unitMs !== null) return unitMs >= 1 ? utcMs + amount * unitMs : utcMs + amount / Math.round(1 / unitMs);
    if (amount === 0) return utcMs;
    const localMs = this.toLocal(utcMs);
    const day = Math.floor(localMs / msPerDay);
    return this.fromLocal(addToDay(day, amount, unit) * msPerDay + (localMs - day * msPerDay));
  }

  /** The wall clock at an instant, taken apart. */
  parts(utcMs: number): TimeParts {
    const localMs = this.toLocal(utcMs);
    const days = Math.floor(localMs / msPerDay);
    const msOfDay = localMs - days * msPerDay;
    const second = Math.floor(msOfDay / 1000);
    return {
      ...civilFromDays(days),
      hour: Math.floor(second / 3600),
      minute: Math.floor(second / 60) % 60,
      second: second % 60,
      millisecond: msOfDay - second * 1000,
      dayOfWeek: dayOfWeek(days),
    };
  }

  /** The local day (days since 1970-01-01) at an instant. */
  dayAt(utcMs: number): number {
    return Math.floor(this.toLocal(utcMs) / msPerDay);
  }

  /** The instant at which a local day starts. */
  startOfDay(days: number): number {
    return this.fromLocal(days * msPerDay);
  }

  #look(utcMs: number): number {
    if (this.#rules === null || !Number.isFinite(utcMs)) return 0;
    this.#span = this.#rules.spanAt(utcMs);
    return this.#span.offsetMs;
  }

  #resolve(localMs: number): number {
    const before = this.offsetAt(localMs - 2 * msPerDay);
    // Between the two there may be a change; a zone changes at most once in four days.
    const after = this.offsetAt(localMs + 2 * msPerDay);
    const early = localMs - before;
    if (before === after || this.offsetAt(early) === before) return early;
    const late = localMs - after;
    return this.offsetAt(late) === after ? late : early;
  }
}

function floorFixed(utcMs: number, amount: number, unitMs: number, offsetMs: number): number {
  if (unitMs >= 1) {
    const sizeMs = amount * unitMs;
    return Math.floor((utcMs + offsetMs) / sizeMs) * sizeMs - offsetMs;
  }
  // Offsets are whole seconds, and thus whole multiples only of sizes that divide a second; count in the unit itself.
  const perMs = Math.round(1 / unitMs);
  const units = Math.round((utcMs + offsetMs) * perMs);
  return (Math.floor(units / amount) * amount) / perMs - offsetMs;
}

/** The first day of the period of `amount` units that holds the day. */
function floorDay(day: number, amount: number, unit: CalendarUnit): number {
  if (unit === 'day') return Math.floor(day / amount) * amount;
  if (unit === 'week') return Math.floor((day + 3) / 7 / amount) * amount * 7 - 3;
  const { year, month } = civilFromDays(day);
  const size = amount * monthsOf[unit as keyof typeof monthsOf];
  const months = Math.floor(((year - 1970) * 12 + month - 1) / size) * size;
  return daysFromCivil(1970, months + 1, 1);
}

function addToDay(days: number, amount: number, unit: CalendarUnit): number {
  if (unit === 'day') return days + amount;
  if (unit === 'week') return days + amount * 7;
  const { year, month, day } = civilFromDays(days);
  const months = (year - 1970) * 12 + month - 1 + amount * monthsOf[unit as keyof typeof monthsOf];
  const target = civilFromDays(daysFromCivil(1970, months + 1, 1));
  return daysFromCivil(target.year, target.month, Math.min(day, daysInMonth(target.year, target.month)));
}

/** As {@link Zone.add} with days and longer units, for dates: days since 1970-01-01 in and out. */
export function addToDate(days: number, amount: number, unit: 'day' | 'week' | 'month' | 'quarter' | 'year'): number {
  return addToDay(days, amount, unit);
}

/** As {@link Zone.floor} with days and longer units, for dates. */
export function floorDate(days: number, amount: number, unit: 'day' | 'week' | 'month' | 'quarter' | 'year'): number {
  return floorDay(days, amount, unit);
}

const utcNames = new Set(['utc', 'etc/utc', 'gmt', 'etc/gmt', 'zulu', 'etc/zulu', 'etc/uct', 'uct', 'z']);
const zones = new Map<string, Zone>();

/**
 * The zone of a name of the tz database (any case) or of a fixed offset such as `+02:00`; one object for each name.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID with the nearest name.
 */
export function zone(name: string): Zone {
  let found = zones.get(name);
  if (found === undefined) zones.set(name, (found = new Zone(name, utcNames.has(name.toLowerCase()))));
  return found;
}
