import { MillraceError, nearest } from '@millrace/core';
import { daysFromCivil, msPerDay } from './civil.ts';

/** A span of time with one offset from UTC: [startMs, endMs). */
export interface OffsetSpan {
  readonly startMs: number;
  readonly endMs: number;
  readonly offsetMs: number;
}

/** How often a year is probed for changes of the offset: two changes that undo each other within so short a time are missed. */
const probeStepMs = 4 * msPerDay;

/**
 * The offsets of a named zone, read from the runtime's tz database (Intl) year by year when a year is first asked for,
 * and kept as spans.
 */
export class ZoneRules {
  /** The canonical name, e.g. `Europe/London`. */
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #years = new Map<number, readonly OffsetSpan[]>();
  readonly #joined = new Map<number, readonly OffsetSpan[]>();

  /** @throws {MillraceError} PLAN_ARGUMENT_INVALID for a zone that the tz database does not know. */
  constructor(name: string) {
    this.#format = formatOf(name);
    this.name = name;
  }

  /** The span that holds the instant; it ends at the next change of the offset or after about a year. */
  spanAt(utcMs: number): OffsetSpan {
    const spans = this.#spansOf(new Date(utcMs).getUTCFullYear());
    for (const span of spans) if (utcMs < span.endMs) return span;
    return spans[spans.length - 1]!;
  }

  /** The spans of a year, the first and last of them drawn out into its neighbours: nothing changes at New Year. */
  #spansOf(year: number): readonly OffsetSpan[] {
    let spans = this.#joined.get(year);
    if (spans !== undefined) return spans;
    const own = this.#yearOf(year);
    const [before, after] = [this.#yearOf(year - 1).at(-1)!, this.#yearOf(year + 1)[0]!];
    const last = own.length - 1;
    spans = own.map(({ startMs, endMs, offsetMs }, i) => ({
      startMs: i === 0 && before.offsetMs === offsetMs ? before.startMs : startMs,
      endMs: i === last && after.offsetMs === offsetMs ? after.endMs : endMs,
      offsetMs,
    }));
    this.#joined.set(year, spans);
    return spans;
  }

  #yearOf(year: number): readonly OffsetSpan[] {
    let spans = this.#years.get(year);
    if (spans === undefined) this.#years.set(year, (spans = this.#readYear(year)));
    return spans;
  }

  #readYear(year: number): OffsetSpan[] {
    const [first, end] = [daysFromCivil(year, 1, 1) * msPerDay, daysFromCivil(year + 1, 1, 1) * msPerDay];
    const spans: OffsetSpan[] = [];
    let [startMs, offsetMs] = [first, this.#probe(first)];
    for (let from = first; from < end; from += probeStepMs) {
      const to = Math.min(from + probeStepMs, end - 1000);
      const next = this.#probe(to);
      if (next === offsetMs) continue;
      const changeMs = this.#findChange(from, to, offsetMs);
      spans.push({ startMs, endMs: changeMs, offsetMs });
      [startMs, offsetMs] = [changeMs, next];
    }
    spans.push({ startMs, endMs: end, offsetMs });
    return spans;
  }

  /** The first second in (from, to] whose offset is not `offsetMs`. */
  #findChange(from: number, to: number, offsetMs: number): number {
    let [before, after] = [from, to];
    while (after - before > 1000) {
      const middle = before + Math.floor((after - before) / 2000) * 1000;
      if (this.#probe(middle) === offsetMs) before = middle;
      else after = middle;
    }
    return after;
  }

  /** The offset at an instant of whole seconds. */
  #probe(utcMs: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(utcMs)) parts[type] = Number(value);
    const localDays = daysFromCivil(parts.year!, parts.month!, parts.day!);
    return localDays * msPerDay + (parts.hour! * 3600 + parts.minute! * 60 + parts.second!) * 1000 - utcMs;
  }
}

function formatOf(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    const near = nearest(name, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
    const hint = near === undefined ? 'zones are named as in the tz database, e.g. UTC or Europe/London' : `did you mean ${near}?`;
    throw new MillraceError('PLAN_ARGUMENT_INVALID', `unknown time zone ${JSON.stringify(name)}`, { hint, cause });
  }
}
