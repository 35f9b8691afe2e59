import { Worker } from 'node:worker_threads';
import { type Logger, MillraceError, serializeError, TaskThread, type ThreadTask, threadModule } from '@millrace/core';
import type { QueryRequest } from '../task/query-request.ts';
import { noStatistics, type QueryStatistics } from '../task/statistics.ts';
import type { ViewRequest } from '../view/view-request.ts';
import type { TaskEvents } from './task-host.ts';
import type { DataMessage, WorkerCommand } from './worker-messages.ts';

/** A task somewhere: in this thread or in another. */
export interface RemoteTask {
  grant(bytes: number): void;
  cancel(error: MillraceError): void;
  /** Of a view: lets it commit and end. */
  stop(): void;
  statistics(): Promise<QueryStatistics>;
}

/** A thread that does not end by itself within this time is ended. */
const closeMs = 5000;

const module = threadModule('worker', import.meta.url);

/** A worker thread and the tasks it runs. */
export class WorkerHost {
  readonly #thread: TaskThread<WorkerCommand, QueryStatistics, TaskEvents, DataMessage>;

  /** @param onDied is called when the thread has ended without having been told to */
  constructor(logger: Logger, onDied: () => void) {
    const worker = new Worker(module.url, { execArgv: module.execArgv, name: 'millrace-query' });
    this.#thread = new TaskThread(worker, {
      logger,
      none: noStatistics,
      closeMs,
      onMessage: ({ bytes }, events) => events.onData(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      onExit: ({ reason, cause, left, isExpected }) => {
        for (const { events, last } of left) events.onEnd(workerLost(reason, cause), { ...last, state: 'failed' });
        if (isExpected) return;
        logger.error({ reason }, 'a worker of the query pool has died; another takes its place');
        onDied();
      },
    });
  }

  /** How many tasks it runs. */
  get load(): number {
    return this.#thread.load;
  }

  start(request: QueryRequest, events: TaskEvents): RemoteTask {
    return this.#remote(this.#thread.start(events, (id) => ({ kind: 'start', id, request })));
  }

  startView(request: ViewRequest, events: TaskEvents): RemoteTask {
    return this.#remote(this.#thread.start(events, (id) => ({ kind: 'start_view', id, request })));
  }

  /** Ends the thread when its tasks, which must have been cancelled, are over. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  /** Ends the thread at once. */
  terminate(): Promise<void> {
    return this.#thread.terminate();
  }

  #remote({ id, statistics }: ThreadTask<QueryStatistics>): RemoteTask {
    return {
      grant: (bytes) => this.#thread.tell({ kind: 'grant', id, bytes }),
      cancel: (error) => this.#thread.tell({ kind: 'cancel', id, error: serializeError(error) }),
      stop: () => this.#thread.tell({ kind: 'stop', id }),
      statistics,
    };
  }
}

function workerLost(reason: string, cause: Error | undefined): MillraceError {
  return new MillraceError('QUERY_WORKER_LOST', `the worker that ran the query has died: ${reason}`, {
    cause,
    hint: 'the query can be started again',
  });
}
