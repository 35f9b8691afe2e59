import type { Worker } from 'node:worker_threads';
import { systemClock } from './clock.ts';
import { deserializeError, type MillraceError, type SerializedError } from './errors.ts';
import type { LogFields, Logger } from './logger.ts';

/** What a thread tells of the tasks that it runs, by their numbers. `S` = statistics. */
export type TaskThreadMessage<S> =
  | { readonly kind: 'ready'; readonly id: number }
  | { readonly kind: 'end'; readonly id: number; readonly error: SerializedError | null; readonly statistics: S }
  | { readonly kind: 'statistics'; readonly id: number; readonly statistics: S }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly fields: LogFields; readonly message: string };

/** What every thread of tasks is told; each kind of threads has more to be told. */
export type TaskThreadCommand = { readonly kind: 'statistics'; readonly id: number } | { readonly kind: 'close' };

/** Who hears of a task. */
export interface ThreadTaskEvents<S> {
  onReady(): void;
  /** The last call. */
  onEnd(error: MillraceError | null, statistics: S): void;
}

/** A task that was started. */
export interface ThreadTask<S> {
  readonly id: number;
  /** What it tells of itself; what it last told when it has ended. */
  statistics(): Promise<S>;
}

export interface TaskThreadOptions<S, E extends ThreadTaskEvents<S>, X> {
  readonly logger: Logger;
  /** Statistics of a task before it has told any. */
  readonly none: S;
  /** A thread that has not ended by itself within this time of being told to is ended. */
  readonly closeMs: number;
  /** A message that other threads do not have, about a task that runs. */
  readonly onMessage?: (message: X, events: E) => void;
  /** The thread has ended. */
  onExit(exit: ThreadExit<S, E>): void;
}

/** How a thread has ended. */
export interface ThreadExit<S, E> {
  readonly reason: string;
  readonly cause: Error | undefined;
  /** The tasks of which nothing more is heard. */
  readonly left: readonly { readonly events: E; readonly last: S }[];
  /** It was told to. */
  readonly isExpected: boolean;
}

interface Entry<S, E> {
  readonly events: E;
  last: S;
  readonly asking: ((statistics: S) => void)[];
}

/** A worker thread and the tasks that it runs. `C` = what it is told, `X` = what it tells beside {@link TaskThreadMessage}. */
export class TaskThread<C, S, E extends ThreadTaskEvents<S>, X extends { readonly kind: string; readonly id: number } = never> {
  readonly #worker: Worker;
  readonly #options: TaskThreadOptions<S, E, X>;
  readonly #tasks = new Map<number, Entry<S, E>>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #isClosing = false;
  #failure: Error | undefined;

  constructor(worker: Worker, options: TaskThreadOptions<S, E, X>) {
    this.#worker = worker;
    this.#options = options;
    worker.on('message', (message: TaskThreadMessage<S> | X) => this.#onMessage(message));
    worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.#onExit(code);
        resolve();
      });
    });
  }

  /** How many tasks it runs. */
  get load(): number {
    return this.#tasks.size;
  }

  start(events: E, command: (id: number) => C): ThreadTask<S> {
    const id = this.#nextId++;
    const entry: Entry<S, E> = { events, last: this.#options.none, asking: [] };
    this.#tasks.set(id, entry);
    this.tell(command(id));
    return { id, statistics: () => this.#ask(id, entry) };
  }

  tell(command: C | TaskThreadCommand): void {
    this.#worker.postMessage(command);
  }

  /** Ends the thread when its tasks, which must have been told to end, are over. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.tell({ kind: 'close' });
    const timer = systemClock.setTimer(this.#options.closeMs, () => void this.#worker.terminate());
    await this.#exited;
    timer.cancel();
  }

  /** Ends the thread at once. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(id: number, entry: Entry<S, E>): Promise<S> {
    if (!this.#tasks.has(id)) return Promise.resolve(entry.last);
    return new Promise((resolve) => {
      entry.asking.push(resolve);
      if (entry.asking.length === 1) this.tell({ kind: 'statistics', id });
    });
  }

  #onMessage(message: TaskThreadMessage<S> | X): void {
    if (isLog(message)) {
      this.#options.logger[message.level](message.fields, message.message);
      return;
    }
    const entry = this.#tasks.get(message.id);
    if (entry === undefined) return;
    if (isOfTask(message)) this.#onTask(entry, message);
    else this.#options.onMessage?.(message as X, entry.events);
  }

  #onTask(entry: Entry<S, E>, message: OfTask<S>): void {
    switch (message.kind) {
      case 'ready':
        entry.events.onReady();
        break;
      case 'statistics':
        answer(entry, message.statistics);
        break;
      case 'end':
        this.#tasks.delete(message.id);
        answer(entry, message.statistics);
        entry.events.onEnd(message.error && deserializeError(message.error), message.statistics);
        break;
    }
  }

  #onExit(code: number): void {
    const cause = this.#failure;
    const left = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const entry of left) answer(entry, entry.last);
    this.#options.onExit({ reason: cause?.message ?? `it ended with ${code}`, cause, left, isExpected: this.#isClosing });
  }
}

type OfTask<S> = Exclude<TaskThreadMessage<S>, { readonly kind: 'log' }>;

function isLog<S>(message: TaskThreadMessage<S> | { readonly kind: string }): message is Extract<TaskThreadMessage<S>, { kind: 'log' }> {
  return message.kind === 'log';
}

function isOfTask<S>(message: OfTask<S> | { readonly kind: string }): message is OfTask<S> {
  return message.kind === 'ready' || message.kind === 'end' || message.kind === 'statistics';
}

function answer<S>(entry: Entry<S, unknown>, statistics: S): void {
  entry.last = statistics;
  for (const resolve of entry.asking.splice(0)) resolve(statistics);
}
