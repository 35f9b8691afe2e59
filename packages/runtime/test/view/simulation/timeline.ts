import type { Clock, Timer } from '@millrace/core';

interface Entry {
  readonly atMs: number;
  readonly sequence: number;
  readonly callback: () => void;
}

/** Simulated time: one callback after another, and behind each all that follows from it. */
export class Timeline {
  nowMs = 0;
  #sequence = 0;
  /** The next one is the last. */
  readonly #entries: Entry[] = [];

  after(delayMs: number, callback: () => void): Timer {
    const entry: Entry = { atMs: this.nowMs + Math.max(0, delayMs), sequence: this.#sequence++, callback };
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.atMs > entry.atMs) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
    return {
      cancel: () => {
        const index = this.#entries.indexOf(entry);
        if (index >= 0) this.#entries.splice(index, 1);
      },
    };
  }

  /** Lets so much time pass, or less if `until` says so. */
  async run(ms: number, until: () => boolean = () => false): Promise<void> {
    const endMs = this.nowMs + ms;
    await settled();
    while (!until()) {
      const entry = this.#entries.at(-1);
      if (entry === undefined || entry.atMs > endMs) break;
      this.#entries.pop();
      this.nowMs = entry.atMs;
      entry.callback();
      await settled();
    }
    if (!until()) this.nowMs = endMs;
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The clock of one process, which can be stopped with it, for a while or for good. */
export class ProcessClock implements Clock {
  readonly #timeline: Timeline;
  readonly #startMs: number;
  readonly #held: (() => void)[] = [];
  #state: 'running' | 'frozen' | 'dead' = 'running';

  constructor(timeline: Timeline, startMs: number) {
    this.#timeline = timeline;
    this.#startMs = startMs;
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  now(): number {
    return this.#startMs + this.#timeline.nowMs;
  }

  monotonic(): number {
    return this.#timeline.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const fire = () => {
      if (isCancelled || this.#state === 'dead') return;
      if (this.#state === 'frozen') this.#held.push(fire);
      else callback();
    };
    const timer = this.#timeline.after(delayMs, fire);
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  /** Nothing runs any more, until {@link thaw}. */
  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen';
  }

  /** All that has come due runs, in its order. */
  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    for (const fire of this.#held.splice(0)) this.#timeline.after(0, fire);
  }

  kill(): void {
    this.#state = 'dead';
  }
}
