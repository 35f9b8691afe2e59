import type { Clock } from '@millrace/core';
import type { FetchedPartition, RecordReader } from '@millrace/kafka-client';

/** Waits for what a reader brings, but not longer than until a time or until somebody wakes it. */
export class Arrivals {
  readonly #reader: RecordReader;
  readonly #clock: Clock;
  #isAsking = false;
  #arrived: FetchedPartition[] | undefined;
  #failure: unknown;
  #hasFailed = false;
  #isWoken = false;
  #wake: (() => void) | undefined;

  constructor(reader: RecordReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Ends the wait that is under way, or the next one. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /**
   * What has come; undefined when `untilMs` (monotonic) is reached or at {@link wake} before anything came.
   * @throws what the reader throws.
   */
  async take(untilMs: number): Promise<FetchedPartition[] | undefined> {
    this.#ask();
    // What is there already comes with the next microtask, before any timer.
    if (this.#arrived === undefined && !this.#hasFailed && !this.#isWoken) await this.#wait(untilMs);
    this.#isWoken = false;
    if (this.#hasFailed) {
      this.#hasFailed = false;
      throw this.#failure;
    }
    const arrived = this.#arrived;
    this.#arrived = undefined;
    return arrived;
  }

  #ask(): void {
    if (this.#isAsking || this.#arrived !== undefined) return;
    this.#isAsking = true;
    this.#reader.next().then(
      (arrived) => {
        this.#isAsking = false;
        this.#arrived = arrived;
        this.#wake?.();
      },
      (error: unknown) => {
        this.#isAsking = false;
        this.#hasFailed = true;
        this.#failure = error;
        this.#wake?.();
      },
    );
  }

  #wait(untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const delayMs = untilMs - this.#clock.monotonic();
      const timer = untilMs === Number.POSITIVE_INFINITY ? undefined : this.#clock.setTimer(Math.max(0, delayMs), () => this.#wake?.());
      this.#wake = () => {
        timer?.cancel();
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
