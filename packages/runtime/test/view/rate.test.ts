import { FakeClock } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { Rate } from '../../src/view/rate.ts';

describe('a rate', () => {
  it('is that of the last seconds', () => {
    const clock = new FakeClock();
    const rate = new Rate(clock);
    let total = 0;
    const run = (seconds: number, perSecond: number) => {
      for (let i = 0; i < seconds * 10; i++) {
        clock.advance(100);
        rate.observe((total += perSecond / 10));
      }
    };
    run(10, 1000);
    expect(rate.perSecond(total)).toBeCloseTo(1000);
    run(10, 50);
    expect(rate.perSecond(total)).toBeCloseTo(50);
  });

  it('falls to nothing when nothing comes', () => {
    const clock = new FakeClock();
    const rate = new Rate(clock);
    clock.advance(1000);
    rate.observe(500);
    expect(rate.perSecond(500)).toBe(500);
    clock.advance(10_000);
    expect(rate.perSecond(500)).toBe(0);
  });

  it('is nothing in the first moment', () => {
    expect(new Rate(new FakeClock()).perSecond(10)).toBe(0);
  });
});
