import { delay, FakeClock, systemClock } from '@millrace/core';
import { describe, expect, it, vi } from 'vitest';

describe('FakeClock', () => {
  it('runs timers in order of their deadlines, those of one deadline in order of creation', () => {
    const clock = new FakeClock(1_000);
    const ran: string[] = [];
    clock.setTimer(20, () => ran.push(`late ${clock.now()}`));
    clock.setTimer(10, () => ran.push(`first ${clock.now()}`));
    clock.setTimer(10, () => ran.push(`second ${clock.now()}`));
    clock.advance(15);
    expect(ran).toEqual(['first 1010', 'second 1010']);
    expect(clock.pendingTimers).toBe(1);
  });

  it('runs what a timer sets if it falls due too', () => {
    const clock = new FakeClock();
    const ran: number[] = [];
    clock.setTimer(5, () => clock.setTimer(5, () => ran.push(clock.monotonic())));
    clock.advance(10);
    expect(ran).toEqual([10]);
  });

  it('does not run a cancelled timer', () => {
    const clock = new FakeClock();
    let ran = false;
    clock.setTimer(5, () => (ran = true)).cancel();
    clock.advance(10);
    expect(ran).toBe(false);
  });

  it('lets the wall clock jump without touching timers', () => {
    const clock = new FakeClock(100);
    clock.setTimer(5, () => {});
    clock.jump(-50);
    expect([clock.now(), clock.monotonic(), clock.pendingTimers]).toEqual([50, 0, 1]);
  });
});

describe('delay', () => {
  it('rejects with the reason of an aborted signal and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const waiting = delay(clock, 1_000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('systemClock', () => {
  it('waits for longer than a timer of Node can', () => {
    vi.useFakeTimers();
    try {
      let ran = 0;
      systemClock.setTimer(5_000_000_000, () => ran++);
      systemClock.setTimer(5_000_000_000, () => (ran += 100)).cancel();
      vi.advanceTimersByTime(4_999_999_999);
      expect(ran).toBe(0);
      vi.advanceTimersByTime(1);
      expect(ran).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
