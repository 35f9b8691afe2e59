import type { StreamDefinition } from '@millrace/catalog';
import { asMillraceError, type Clock, delay, type Logger, type Random } from '@millrace/core';
import { SharedClients } from '@millrace/kafka-client';
import type { StageOpener } from '../stage/stage.ts';
import type { PipeRequest } from '../task/pipe-request.ts';
import type { PipeStatistics } from '../task/pipe-statistics.ts';
import { PipeTask } from '../task/pipe-task.ts';
import { pipeKafka } from './pipe-kafka.ts';
import type { PipeEvents } from './running-pipe.ts';

/** So long closing waits for pipes to let go of their groups: longer means that no broker answers. */
const releaseMs = 15_000;

/** A pipe of this thread. */
export interface HostedPipe {
  stop(): void;
  setStreams(streams: readonly StreamDefinition[]): void;
  statistics(): PipeStatistics;
}

/** Runs pipes in this thread; those on the same cluster share a client. */
export class PipeHost {
  readonly #stages: StageOpener;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: Random;
  readonly #clients: SharedClients;
  readonly #running = new Set<Promise<void>>();

  constructor(stages: StageOpener, { clock, logger, random }: { readonly clock: Clock; readonly logger: Logger; readonly random: Random }) {
    this.#stages = stages;
    this.#clock = clock;
    this.#logger = logger;
    this.#random = random;
    this.#clients = new SharedClients({ clock, logger, random });
  }

  start(request: PipeRequest, events: PipeEvents): HostedPipe {
    const kafka = pipeKafka(this.#clients.of(request), request);
    const logger = this.#logger.child({ pipe: request.pipe });
    const task = new PipeTask(request, { kafka, stages: this.#stages, clock: this.#clock, random: this.#random, logger });
    const running = task
      .run(() => events.onReady())
      .then(
        () => events.onEnd(null, task.statistics()),
        (error: unknown) => events.onEnd(asMillraceError(error), task.statistics()),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return { stop: () => task.stop(), setStreams: (streams) => task.setStreams(streams), statistics: () => task.statistics() };
  }

  /** Waits for the pipes, which must have been stopped, and closes the connections. */
  async close(): Promise<void> {
    const timeUp = new AbortController();
    await Promise.race([Promise.all(this.#running), delay(this.#clock, releaseMs, timeUp.signal).catch(() => {})]);
    timeUp.abort();
    await this.#clients.close();
  }
}
