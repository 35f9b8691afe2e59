/**
 * Time as a port. Production uses {@link systemClock}; tests and simulation use {@link FakeClock}.
 * Nothing outside this file calls `Date.now`, `performance.now`, `setTimeout` or `setInterval`.
 */
export interface Clock {
  /** Wall clock in ms since the epoch; may jump. */
  now(): number;
  /** Monotonic ms from an arbitrary start, with fractions. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs` of monotonic time. The timer does not keep the process alive if `unref` is set. */
  setTimer(delayMs: number, callback: () => void, options?: { readonly unref?: boolean }): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Node takes a longer time for none. */
const timeoutMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback, options) {
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number) => {
      const isLong = leftMs > timeoutMax;
      handle = setTimeout(isLong ? () => arm(leftMs - timeoutMax) : callback, isLong ? timeoutMax : leftMs);
      if (options?.unref) handle.unref();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason if it is aborted before. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = () => {
      timer.cancel();
      reject(signal!.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A clock that moves only when told; timers run in order of their deadline, those of the same deadline in order of creation. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sequence = 0;
  #timers: { deadlineMs: number; sequence: number; callback: () => void }[] = [];

  constructor(startMs = 0) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { deadlineMs: this.#monotonicMs + Math.max(0, delayMs), sequence: this.#sequence++, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Moves both clocks forward and runs what falls due, including what those timers set. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#wallMs += next.deadlineMs - this.#monotonicMs;
      this.#monotonicMs = next.deadlineMs;
      next.callback();
    }
    this.#wallMs += endMs - this.#monotonicMs;
    this.#monotonicMs = endMs;
  }

  /** Lets the wall clock jump; timers are not touched. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  #nextDue(endMs: number) {
    const due = this.#timers.filter((timer) => timer.deadlineMs <= endMs);
    const next = due.sort((a, b) => a.deadlineMs - b.deadlineMs || a.sequence - b.sequence)[0];
    if (next !== undefined) this.#timers = this.#timers.filter((timer) => timer !== next);
    return next;
  }
}
