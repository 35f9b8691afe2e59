import type { Clock, Logger, Timer } from '@millrace/core';
import { isStorageFailure } from './partition.ts';
import type { Topics } from './topics.ts';

/** Looks after all partitions from time to time: deletes what their topics do not keep. */
export class Housekeeping {
  readonly #topics: Topics;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #retentionCheckMs: number;
  #timer: Timer | undefined;

  constructor(topics: Topics, ports: { readonly clock: Clock; readonly logger: Logger }, retentionCheckMs: number) {
    this.#topics = topics;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#retentionCheckMs = retentionCheckMs;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(
      this.#retentionCheckMs,
      () => {
        this.#applyRetention();
        this.start();
      },
      { unref: true },
    );
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #applyRetention(): void {
    for (const topic of this.#topics.list()) {
      for (const partition of topic.partitions) {
        try {
          partition.applyRetention();
        } catch (failure) {
          if (!isStorageFailure(failure)) throw failure;
          this.#logger.warn({ topic: topic.name, partition: partition.index, error: failure.message }, 'old segments not deleted');
        }
      }
    }
  }
}
