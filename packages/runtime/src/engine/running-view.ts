import type { MillraceError } from '@millrace/core';
import { noStatistics, type QueryStatistics } from '../task/statistics.ts';
import type { TaskEvents } from './task-host.ts';
import type { RemoteTask } from './worker-host.ts';

/** A materialized view that runs, as its owner sees it. */
export class RunningView implements TaskEvents {
  readonly view: string;
  /**
   * Resolves when its first position is fixed: what is written to its sources from then on is seen. Also when another server runs it.
   * Rejects if it fails before.
   */
  readonly ready: Promise<void>;
  /** Resolves when it was stopped; rejects with what ended it. Brokers that are away do not. */
  readonly done: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  #task: RemoteTask | undefined;

  constructor(view: string) {
    this.view = view;
    this.ready = this.#ready.promise;
    this.done = this.#done.promise;
    // Who does not look at one of them is told by the other.
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  /** Called once, by the engine. */
  begin(task: RemoteTask): void {
    this.#task = task;
  }

  /** Commits what is processed and ends; state and position are kept. May be called twice. @throws what it has failed with */
  async stop(): Promise<void> {
    this.#task?.stop();
    await this.done;
  }

  /** Figures as they are now, or as they were at the end. */
  statistics(): Promise<QueryStatistics> {
    return this.#task?.statistics() ?? Promise.resolve(noStatistics);
  }

  onReady(): void {
    this.#ready.resolve();
  }

  onData(): void {}

  onEnd(error: MillraceError | null): void {
    if (error === null) {
      this.#ready.resolve();
      this.#done.resolve();
    } else {
      this.#ready.reject(error);
      this.#done.reject(error);
    }
  }
}
