import { describe, expect, it } from 'vitest';
import { WatermarkTracker } from '../../src/watermark/watermark-tracker.ts';

const live = { isEmpty: false, isAtEnd: true };

function tracker(delayMs = 0, idleTimeoutMs = 100) {
  const made = new WatermarkTracker({ delayMs, idleTimeoutMs });
  made.add(0, live, 0);
  made.add(1, live, 0);
  return made;
}

describe('the watermark tracker', () => {
  it('holds the watermark back by the delay', () => {
    const made = tracker(3);
    made.observe(0, 10, 0);
    expect(made.observe(1, 12, 0)).toBe(true);
    expect([made.currentMs, made.watermarkOf(0), made.watermarkOf(1)]).toEqual([7, 7, 9]);
  });

  it('never goes back', () => {
    const made = tracker();
    made.observe(0, 10, 0);
    made.observe(1, 10, 0);
    expect(made.observe(0, 4, 0)).toBe(false);
    expect(made.currentMs).toBe(10);
  });

  it('lets only those fall idle that are read to their end', () => {
    const made = tracker();
    made.observe(0, 10, 0);
    made.setAtEnd(1, false);
    expect(made.tick(1000)).toEqual([]);
    expect(made.describe(0)).toMatchObject({ isIdle: true });
    made.setAtEnd(1, true);
    expect(made.nextIdleMs).toBe(100);
  });

  it('takes those that fall idle at one tick in the order of their deadlines', () => {
    const made = tracker();
    made.observe(0, 50, 0);
    made.observe(1, 10, 20);
    // Partition 0, the largest, is idle first: what is left is 10, and then stands.
    expect(made.tick(1000)).toEqual([]);
    expect(made.currentMs).toBe(10);
    const other = tracker();
    other.observe(0, 50, 20);
    other.observe(1, 10, 0);
    expect(other.tick(1000)).toEqual([50]);
  });

  it('takes a partition that has a record again back into the minimum', () => {
    const made = tracker();
    made.observe(0, 50, 0);
    made.tick(100);
    expect(made.currentMs).toBe(50);
    made.observe(1, 20, 200);
    made.observe(0, 80, 200);
    expect(made.currentMs).toBe(50);
    made.observe(1, 60, 200);
    expect(made.currentMs).toBe(60);
  });
});
