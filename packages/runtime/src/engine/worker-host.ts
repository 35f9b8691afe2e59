import { Worker } from 'node:worker_threads';
import { deserializeError, type Logger, MillraceError, serializeError, systemClock, threadModule } from '@millrace/core';
import type { QueryRequest } from '../task/query-request.ts';
import { noStatistics, type QueryStatistics } from '../task/statistics.ts';
import type { ViewRequest } from '../view/view-request.ts';
import type { TaskEvents } from './task-host.ts';
import type { WorkerCommand, WorkerMessage } from './worker-messages.ts';

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

interface Entry {
  readonly events: TaskEvents;
  last: QueryStatistics;
  asking: ((statistics: QueryStatistics) => void)[];
}

/** A worker thread and the tasks it runs. */
export class WorkerHost {
  readonly #worker: Worker;
  readonly #logger: Logger;
  readonly #tasks = new Map<number, Entry>();
  readonly #onDied: () => void;
  readonly #exited: Promise<void>;
  #nextId = 1;
  #isClosing = false;
  #failure: Error | undefined;

  /** @param onDied is called when the thread has ended without having been told to; its tasks have failed then. */
  constructor(logger: Logger, onDied: () => void) {
    this.#logger = logger;
    this.#onDied = onDied;
    this.#worker = new Worker(module.url, { execArgv: module.execArgv, name: 'millrace-query' });
    this.#worker.on('message', (message: WorkerMessage) => this.#onMessage(message));
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#onExit(code);
        resolve();
      });
    });
  }

  /** How many tasks it runs. */
  get load(): number {
    return this.#tasks.size;
  }

  start(request: QueryRequest, events: TaskEvents): RemoteTask {
    return this.#start(events, (id) => ({ kind: 'start', id, request }));
  }

  startView(request: ViewRequest, events: TaskEvents): RemoteTask {
    return this.#start(events, (id) => ({ kind: 'start_view', id, request }));
  }

  #start(events: TaskEvents, command: (id: number) => WorkerCommand): RemoteTask {
    const id = this.#nextId++;
    const entry: Entry = { events, last: noStatistics, asking: [] };
    this.#tasks.set(id, entry);
    this.#tell(command(id));
    return {
      grant: (bytes) => this.#tell({ kind: 'grant', id, bytes }),
      cancel: (error) => this.#tell({ kind: 'cancel', id, error: serializeError(error) }),
      stop: () => this.#tell({ kind: 'stop', id }),
      statistics: () => this.#ask(id, entry),
    };
  }

  /** Ends the thread when its tasks, which must have been cancelled, are over. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#tell({ kind: 'close' });
    const timer = systemClock.setTimer(closeMs, () => void this.#worker.terminate(), { unref: true });
    await this.#exited;
    timer.cancel();
  }

  /** Ends the thread at once. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #tell(command: WorkerCommand): void {
    this.#worker.postMessage(command);
  }

  #ask(id: number, entry: Entry): Promise<QueryStatistics> {
    if (!this.#tasks.has(id)) return Promise.resolve(entry.last);
    return new Promise((resolve) => {
      entry.asking.push(resolve);
      this.#tell({ kind: 'statistics', id });
    });
  }

  #onMessage(message: WorkerMessage): void {
    if (message.kind === 'log') {
      this.#logger[message.level](message.fields, message.message);
      return;
    }
    const entry = this.#tasks.get(message.id);
    if (entry === undefined) return;
    switch (message.kind) {
      case 'ready':
        entry.events.onReady();
        break;
      case 'data':
        entry.events.onData(Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.byteLength));
        break;
      case 'statistics':
        answer(entry, message.statistics);
        break;
      case 'end':
        this.#end(message.id, entry, message.error && deserializeError(message.error), message.statistics);
        break;
    }
  }

  #end(id: number, entry: Entry, error: MillraceError | null, statistics: QueryStatistics): void {
    this.#tasks.delete(id);
    answer(entry, statistics);
    entry.events.onEnd(error, statistics);
  }

  #onExit(code: number): void {
    const reason = this.#failure === undefined ? `it ended with ${code}` : this.#failure.message;
    for (const [id, entry] of [...this.#tasks]) {
      const error = new MillraceError('QUERY_WORKER_LOST', `the worker that ran the query has died: ${reason}`, {
        cause: this.#failure,
        hint: 'the query can be started again',
      });
      this.#end(id, entry, error, { ...entry.last, state: 'failed' });
    }
    if (this.#isClosing) return;
    this.#logger.error({ reason }, 'a worker of the query pool has died; another takes its place');
    this.#onDied();
  }
}

function answer(entry: Entry, statistics: QueryStatistics): void {
  entry.last = statistics;
  for (const resolve of entry.asking.splice(0)) resolve(statistics);
}
