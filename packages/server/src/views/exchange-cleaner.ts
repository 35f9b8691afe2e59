import type { Catalog } from '@millrace/catalog';
import { asMillraceError, type Clock, type Logger, type Timer } from '@millrace/core';
import type { Admin, KafkaClient } from '@millrace/kafka-client';
import { committedBy } from './view-group.ts';
import { hasExchange, sharedNames } from './view-layout.ts';

/** What is through stays a little longer: each deletion is a request to every broker. */
const pauseMs = 30_000;

export interface ExchangeCleanerOptions {
  readonly catalog: Pick<Catalog, 'materializedViews'>;
  readonly kafka: KafkaClient;
  readonly admin: Pick<Admin, 'deleteRecords'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Deletes, now and then, what tasks of shared views have sent each other and is through: their topics keep everything otherwise. */
export class ExchangeCleaner {
  readonly #options: ExchangeCleanerOptions;
  /** By partition: up to where it was deleted. */
  readonly #deleted = new Map<string, number>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: ExchangeCleanerOptions) {
    this.#options = options;
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Deletes what is through now. Failures are told in the log: the next time may do. */
  async clean(): Promise<void> {
    const { catalog, kafka, admin, logger } = this.#options;
    for (const view of catalog.materializedViews()) {
      if (!hasExchange(view)) continue;
      const { exchangeTopic } = sharedNames(view);
      try {
        const done = (await committedBy(view, kafka)).filter(({ topic }) => topic === exchangeTopic);
        const more = done.filter(({ partition, offset }) => offset > (this.#deleted.get(`${partition}@${exchangeTopic}`) ?? 0));
        if (more.length > 0) await admin.deleteRecords(more);
        for (const { partition, offset } of more) this.#deleted.set(`${partition}@${exchangeTopic}`, offset);
      } catch (failure) {
        logger.debug(
          { view: view.name, error: asMillraceError(failure).message },
          'what is through stays in the topic between the tasks of a view',
        );
      }
    }
  }

  #wait(): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.setTimer(pauseMs, () => void this.clean().finally(() => this.#wait()), { unref: true });
  }
}
