import type { PlanInterval, WindowPlan } from '@millrace/planner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paneLayout } from '../../src/window/pane-layout.ts';
import { windowShape } from '../../src/window/window-shape.ts';
import { column, time } from '../harness.ts';

const windowOf = (slide: PlanInterval, size: PlanInterval, zone: string): WindowPlan => ({
  kind: 'hop',
  time: column(0, time),
  slide,
  size,
  zone,
  boundType: time,
});

const intervals = fc.constantFrom<readonly [PlanInterval, PlanInterval]>(
  [
    { amount: 10, unit: 'second' },
    { amount: 10, unit: 'second' },
  ],
  [
    { amount: 7, unit: 'second' },
    { amount: 20, unit: 'second' },
  ],
  [
    { amount: 1, unit: 'day' },
    { amount: 1, unit: 'week' },
  ],
  [
    { amount: 1, unit: 'week' },
    { amount: 2, unit: 'week' },
  ],
  [
    { amount: 1, unit: 'month' },
    { amount: 3, unit: 'month' },
  ],
  [
    { amount: 1, unit: 'quarter' },
    { amount: 1, unit: 'year' },
  ],
);
const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata');
const instants = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) });

describe('windows', () => {
  it('that hold an instant are the latest one and those before it, until one ends at or before it', () => {
    fc.assert(
      fc.property(intervals, zones, instants, ([slide, size], zone, at) => {
        const shape = windowShape(windowOf(slide, size, zone));
        let start = shape.lastStart(at);
        expect(start).toBeLessThanOrEqual(at);
        expect(shape.lastStart(start)).toBe(start);
        let count = 0;
        for (; shape.end(start) > at; start = shape.previousStart(start)) {
          expect(shape.end(start)).toBeGreaterThan(at);
          expect(shape.previousStart(start)).toBeLessThan(start);
          count++;
        }
        expect(count).toBeGreaterThan(0);
      }),
    );
  });

  it('by days begin at midnight of the zone', () => {
    const day: PlanInterval = { amount: 1, unit: 'day' };
    const shape = windowShape(windowOf(day, day, 'Europe/Berlin'));
    const start = shape.lastStart(Date.UTC(2026, 9, 25, 12));
    expect([start, shape.end(start)]).toEqual([Date.UTC(2026, 9, 24, 22), Date.UTC(2026, 9, 25, 23)]);
  });

  it('shorter than a day are aligned to the wall clock of the zone', () => {
    const hours: PlanInterval = { amount: 6, unit: 'hour' };
    const shape = windowShape(windowOf(hours, hours, 'Asia/Kolkata'));
    expect(shape.lastStart(Date.UTC(2026, 0, 1, 1))).toBe(Date.UTC(2026, 0, 1, 0, 30));
  });
});

describe('panes', () => {
  const seconds = (amount: number): PlanInterval => ({ amount, unit: 'second' });

  it('are as long as the greatest common divisor of slide and size', () => {
    expect(paneLayout(windowOf(seconds(4), seconds(10), 'UTC'))).toEqual({ paneMs: 2000, slideMs: 4000, sizeMs: 10_000 });
  });

  it('are not made of calendar windows, of a zone whose clocks may jump, nor in more than a thousand pieces', () => {
    const month: PlanInterval = { amount: 1, unit: 'month' };
    expect(paneLayout(windowOf(month, month, 'UTC'))).toBeNull();
    expect(paneLayout(windowOf(seconds(7), seconds(14), 'Europe/Berlin'))).toBeNull();
    expect(paneLayout(windowOf(seconds(4), seconds(10), 'Europe/Berlin'))).not.toBeNull();
    expect(paneLayout(windowOf(seconds(1), seconds(1000), 'UTC'))).not.toBeNull();
    expect(paneLayout(windowOf(seconds(1), seconds(1001), 'UTC'))).toBeNull();
  });
});
