import { type Clock, type Logger, MillraceError, type Timer } from '@millrace/core';
import type { Partition } from './partition.ts';
import type { Topics } from './topics.ts';

export interface HousekeepingIntervals {
  readonly retentionCheckMs: number;
  readonly compactionCheckMs: number;
}

/** Looks after all partitions from time to time: deletes what their topics do not keep, and compacts. */
export class Housekeeping {
  readonly #topics: Topics;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #intervals: HousekeepingIntervals;
  readonly #timers = new Map<string, Timer>();
  #isStopped = false;

  constructor(topics: Topics, ports: { readonly clock: Clock; readonly logger: Logger }, intervals: HousekeepingIntervals) {
    this.#topics = topics;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#intervals = intervals;
  }

  start(): void {
    this.#every('retention', this.#intervals.retentionCheckMs, () => this.#applyRetention());
    this.#every('compaction', this.#intervals.compactionCheckMs, () => this.#compact());
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  /** The next round begins some time after the last has ended. */
  #every(task: string, intervalMs: number, work: () => Promise<void> | void): void {
    if (this.#isStopped) return;
    const again = () => this.#every(task, intervalMs, work);
    const onDue = () => {
      const working = work();
      if (working === undefined) again();
      else void working.then(again);
    };
    this.#timers.set(task, this.#clock.setTimer(intervalMs, onDue, { unref: true }));
  }

  #applyRetention(): void {
    for (const partition of this.#partitions()) {
      try {
        partition.applyRetention();
      } catch (failure) {
        this.#report(partition, failure, 'old segments not deleted');
      }
    }
  }

  async #compact(): Promise<void> {
    for (const partition of this.#partitions()) {
      if (this.#isStopped || partition.isGone) continue;
      try {
        await partition.compact();
      } catch (failure) {
        this.#report(partition, failure, 'partition not compacted');
      }
    }
  }

  #partitions(): Partition[] {
    return this.#topics.list().flatMap(({ partitions }) => partitions);
  }

  #report({ topic, index }: Partition, failure: unknown, message: string): void {
    const level = failure instanceof MillraceError ? 'warn' : 'error';
    this.#logger[level]({ topic, partition: index, error: String(failure) }, message);
  }
}
