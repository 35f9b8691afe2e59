import { TaskOutcome } from '@millrace/core';
import { noStatistics, type QueryStatistics } from '../task/statistics.ts';
import type { TaskEvents } from './task-host.ts';
import type { RemoteTask } from './worker-host.ts';

/**
 * A materialized view that runs, as its owner sees it. `ready` when its first position is fixed: what is written to its sources from then on
 * is seen; also when another server runs it. Brokers that are away do not end it.
 */
export class RunningView extends TaskOutcome implements TaskEvents {
  readonly view: string;
  #task: RemoteTask | undefined;

  constructor(view: string) {
    super();
    this.view = view;
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

  onData(): void {}
}
