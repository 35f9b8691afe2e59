import { Worker } from 'node:worker_threads';
import { deserializeError, type Logger, systemClock, threadModule } from '@millrace/core';
import type { PipeRequest } from '../task/pipe-request.ts';
import { noPipeStatistics, type PipeStatistics } from '../task/pipe-statistics.ts';
import type { PipeEvents, RemotePipe } from './running-pipe.ts';
import type { ThreadCommand, ThreadData, ThreadMessage } from './thread-messages.ts';

/** A thread that does not end by itself within this time is ended. */
const closeMs = 20_000;

const module = threadModule('worker', import.meta.url);

interface Entry {
  readonly events: PipeEvents;
  last: PipeStatistics;
  asking: ((statistics: PipeStatistics) => void)[];
}

/** What a thread tells of itself. */
export interface ThreadEvents {
  /** It has ended without having been told to; nothing more is heard of its pipes. */
  onDied(reason: string): void;
}

/** A thread and the pipes that it runs. */
export class PipeThread {
  readonly #worker: Worker;
  readonly #logger: Logger;
  readonly #pipes = new Map<number, Entry>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #isClosing = false;
  #failure: Error | undefined;

  constructor(data: ThreadData, logger: Logger, events: ThreadEvents) {
    this.#logger = logger;
    this.#worker = new Worker(module.url, {
      execArgv: module.execArgv,
      name: 'millrace-pipes',
      workerData: data,
      transferList: [data.port],
    });
    this.#worker.on('message', (message: ThreadMessage) => this.#onMessage(message));
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#onExit(this.#failure?.message ?? `it ended with ${code}`, events);
        resolve();
      });
    });
  }

  /** How many pipes it runs. */
  get load(): number {
    return this.#pipes.size;
  }

  start(request: PipeRequest, events: PipeEvents): RemotePipe {
    const id = this.#nextId++;
    const entry: Entry = { events, last: noPipeStatistics, asking: [] };
    this.#pipes.set(id, entry);
    this.#tell({ kind: 'start', id, request });
    return {
      stop: () => this.#tell({ kind: 'stop', id }),
      setStreams: (streams) => this.#tell({ kind: 'streams', id, streams }),
      statistics: () => this.#ask(id, entry),
    };
  }

  /** Ends the thread when its pipes, which must have been stopped, are over. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#tell({ kind: 'close' });
    const timer = systemClock.setTimer(closeMs, () => void this.#worker.terminate(), { unref: true });
    await this.#exited;
    timer.cancel();
  }

  #tell(command: ThreadCommand): void {
    this.#worker.postMessage(command);
  }

  #ask(id: number, entry: Entry): Promise<PipeStatistics> {
    if (!this.#pipes.has(id)) return Promise.resolve(entry.last);
    return new Promise((resolve) => {
      entry.asking.push(resolve);
      if (entry.asking.length === 1) this.#tell({ kind: 'statistics', id });
    });
  }

  #onMessage(message: ThreadMessage): void {
    if (message.kind === 'log') {
      this.#logger[message.level](message.fields, message.message);
      return;
    }
    const entry = this.#pipes.get(message.id);
    if (entry === undefined) return;
    switch (message.kind) {
      case 'ready':
        entry.events.onReady();
        break;
      case 'statistics':
        answer(entry, message.statistics);
        break;
      case 'end':
        this.#pipes.delete(message.id);
        answer(entry, message.statistics);
        entry.events.onEnd(message.error && deserializeError(message.error), message.statistics);
        break;
    }
  }

  #onExit(reason: string, events: ThreadEvents): void {
    for (const entry of this.#pipes.values()) answer(entry, { ...entry.last, state: 'waiting' });
    this.#pipes.clear();
    if (!this.#isClosing) events.onDied(reason);
  }
}

function answer(entry: Entry, statistics: PipeStatistics): void {
  entry.last = statistics;
  for (const resolve of entry.asking.splice(0)) resolve(statistics);
}
