import type { Clock } from '../services.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands until it is moved. */
export class FakeClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  #sleepers: Sleeper[] = [];

  /** @param startMs milliseconds since the epoch */
  constructor(startMs = Date.UTC(2024, 0, 1)) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#sleepers.length;
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const sleeper = { dueMs: this.#elapsedMs + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  /** Moves time on: who waits for a moment on the way wakes at it, in order, and what they start is waited for too. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsedMs + ms;
    for (;;) {
      await settled();
      const next = this.#sleepers.filter(({ dueMs }) => dueMs <= until).sort((one, other) => one.dueMs - other.dueMs)[0];
      if (next === undefined) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
    }
    this.#elapsedMs = until;
  }
}

/** Once what is ready to run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
