import { assert } from '@millrace/core';
import { fixedLengthMs, type Zone, zone } from '@millrace/data';
import type { PlanInterval, WindowPlan } from '@millrace/planner';

/** Where windows lie. Units: event time in ms, with fractions where windows are shorter than a ms. */
export interface WindowShape {
  /** The start of the latest window that holds the instant. */
  lastStart(timeMs: number): number;
  /** The start of the window before the one that starts there. */
  previousStart(startMs: number): number;
  end(startMs: number): number;
}

/** The windows of a plan: arithmetic where all windows are alike, else the zone's calendar. */
export function windowShape({ slide, size, zone: name }: WindowPlan): WindowShape {
  const place = zone(name);
  const [slideMs, sizeMs] = [lengthMs(slide), lengthMs(size)];
  if (slideMs !== null && sizeMs !== null && Number.isInteger(slideMs) && Number.isInteger(sizeMs))
    return place.isUtc ? new UtcWindows(slideMs, sizeMs) : new ZonedWindows(slideMs, sizeMs, place);
  return new CalendarWindows(slide, size, place);
}

/** The length of an interval in ms if it does not depend on the calendar. */
export function lengthMs({ amount, unit }: PlanInterval): number | null {
  const unitMs = fixedLengthMs(unit);
  if (unitMs === null) return null;
  return unitMs >= 1 ? amount * unitMs : amount / Math.round(1 / unitMs);
}

class UtcWindows implements WindowShape {
  readonly #slideMs: number;
  readonly #sizeMs: number;

  constructor(slideMs: number, sizeMs: number) {
    assert(slideMs > 0 && slideMs <= sizeMs, 'windows are no shorter than their slide');
    this.#slideMs = slideMs;
    this.#sizeMs = sizeMs;
  }

  lastStart(timeMs: number): number {
    return Math.floor(timeMs / this.#slideMs) * this.#slideMs;
  }

  previousStart(startMs: number): number {
    return startMs - this.#slideMs;
  }

  end(startMs: number): number {
    return startMs + this.#sizeMs;
  }
}

/** Aligned to the wall clock of a zone. */
class ZonedWindows implements WindowShape {
  readonly #slideMs: number;
  readonly #sizeMs: number;
  readonly #zone: Zone;

  constructor(slideMs: number, sizeMs: number, zone: Zone) {
    this.#slideMs = slideMs;
    this.#sizeMs = sizeMs;
    this.#zone = zone;
  }

  lastStart(timeMs: number): number {
    const offsetMs = this.#zone.offsetAt(timeMs);
    return Math.floor((timeMs + offsetMs) / this.#slideMs) * this.#slideMs - offsetMs;
  }

  previousStart(startMs: number): number {
    return startMs - this.#slideMs;
  }

  end(startMs: number): number {
    return startMs + this.#sizeMs;
  }
}

/** Days and longer, and windows shorter than a ms. */
class CalendarWindows implements WindowShape {
  readonly #slide: PlanInterval;
  readonly #size: PlanInterval;
  readonly #zone: Zone;

  constructor(slide: PlanInterval, size: PlanInterval, zone: Zone) {
    this.#slide = slide;
    this.#size = size;
    this.#zone = zone;
  }

  lastStart(timeMs: number): number {
    return this.#zone.floor(timeMs, this.#slide.amount, this.#slide.unit);
  }

  previousStart(startMs: number): number {
    return this.#zone.add(startMs, -this.#slide.amount, this.#slide.unit);
  }

  end(startMs: number): number {
    return this.#zone.add(startMs, this.#size.amount, this.#size.unit);
  }
}
