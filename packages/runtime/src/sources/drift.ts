import type { RecordReader } from '@millrace/kafka-client';

/** In the history a partition may run ahead of the slowest by so much event time before it is paused. */
const maxDriftMs = 600_000;

/**
 * Pauses partitions that run ahead in event time while history is read, so that windows do not pile up for the slowest one.
 * Only a matter of memory: lateness is judged within each partition, so the answer is the same.
 */
export class Drift {
  readonly #reader: RecordReader;
  readonly #topic: string;
  readonly #paused = new Set<number>();

  constructor(reader: RecordReader, topic: string) {
    this.#reader = reader;
    this.#topic = topic;
  }

  get isHolding(): boolean {
    return this.#paused.size > 0;
  }

  /** @param times the largest event time of each partition that still reads history; −Infinity before its first record. */
  balance(times: ReadonlyMap<number, number>): void {
    let slowestMs = Number.POSITIVE_INFINITY;
    for (const timeMs of times.values()) slowestMs = Math.min(slowestMs, timeMs);
    for (const [partition, timeMs] of times) {
      // A partition of which nothing is known yet holds nobody: it may take long to be found empty of event times.
      const isAhead = slowestMs !== Number.NEGATIVE_INFINITY && timeMs - slowestMs > maxDriftMs;
      if (isAhead && !this.#paused.has(partition)) {
        this.#paused.add(partition);
        this.#reader.pause(this.#topic, partition);
      } else if (!isAhead && this.#paused.delete(partition)) this.#reader.resume(this.#topic, partition);
    }
  }

  /** Lets all go on: the history is read, or the others get nothing because of what is held. */
  release(): void {
    for (const partition of this.#paused) this.#reader.resume(this.#topic, partition);
    this.#paused.clear();
  }
}
