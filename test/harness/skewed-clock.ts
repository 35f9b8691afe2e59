import { type Clock, systemClock, type Timer } from '@millrace/core';

/**
 * The system's clock with a hand on it: it runs by itself, so that time-outs of connections work, and {@link advance} moves it
 * ahead, running every timer that falls due, in order of the deadlines.
 */
export class SkewedClock implements Clock {
  #aheadMs = 0;
  readonly #timers = new Set<PendingTimer>();

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#aheadMs;
  }

  setTimer(delayMs: number, callback: () => void, options?: { readonly unref?: boolean }): Timer {
    const pending: PendingTimer = { deadlineMs: this.monotonic() + delayMs, callback, unref: options?.unref ?? false, handle: undefined };
    this.#timers.add(pending);
    this.#arm(pending);
    return { cancel: () => this.#forget(pending) };
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
    const due = [...this.#timers].filter(({ deadlineMs }) => deadlineMs <= this.monotonic()).sort((a, b) => a.deadlineMs - b.deadlineMs);
    for (const pending of due) this.#fire(pending);
    for (const pending of this.#timers) this.#arm(pending);
  }

  #arm(pending: PendingTimer): void {
    pending.handle?.cancel();
    const leftMs = Math.max(0, pending.deadlineMs - this.monotonic());
    pending.handle = systemClock.setTimer(leftMs, () => this.#fire(pending), { unref: pending.unref });
  }

  #fire(pending: PendingTimer): void {
    if (!this.#timers.has(pending)) return;
    this.#forget(pending);
    pending.callback();
  }

  #forget(pending: PendingTimer): void {
    pending.handle?.cancel();
    this.#timers.delete(pending);
  }
}

interface PendingTimer {
  readonly deadlineMs: number;
  readonly callback: () => void;
  readonly unref: boolean;
  handle: Timer | undefined;
}
