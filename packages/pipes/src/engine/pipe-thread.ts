import { Worker } from 'node:worker_threads';
import { type Logger, TaskThread, threadModule } from '@millrace/core';
import type { PipeRequest } from '../task/pipe-request.ts';
import { noPipeStatistics, type PipeStatistics } from '../task/pipe-statistics.ts';
import type { PipeEvents, RemotePipe } from './running-pipe.ts';
import type { ThreadCommand, ThreadData } from './thread-messages.ts';

/** A thread that does not end by itself within this time is ended. */
const closeMs = 20_000;

const module = threadModule('worker', import.meta.url);

/** What a thread tells of itself. */
export interface ThreadEvents {
  /** It has ended without having been told to; nothing more is heard of its pipes. */
  onDied(reason: string): void;
}

/** A thread and the pipes that it runs. */
export class PipeThread {
  readonly #thread: TaskThread<ThreadCommand, PipeStatistics, PipeEvents>;

  constructor(data: ThreadData, logger: Logger, events: ThreadEvents) {
    const { url, execArgv } = module;
    const worker = new Worker(url, { execArgv, name: 'millrace-pipes', workerData: data, transferList: [data.port] });
    this.#thread = new TaskThread(worker, {
      logger,
      none: noPipeStatistics,
      closeMs,
      onExit: ({ reason, isExpected }) => {
        if (!isExpected) events.onDied(reason);
      },
    });
  }

  /** How many pipes it runs. */
  get load(): number {
    return this.#thread.load;
  }

  start(request: PipeRequest, events: PipeEvents): RemotePipe {
    const { id, statistics } = this.#thread.start(events, (number) => ({ kind: 'start', id: number, request }));
    return {
      stop: () => this.#thread.tell({ kind: 'stop', id }),
      setStreams: (streams) => this.#thread.tell({ kind: 'streams', id, streams }),
      statistics,
    };
  }

  /** Ends the thread when its pipes, which must have been stopped, are over. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}
