import type { Logger } from '@millrace/core';
import type { QueryRequest } from '../task/query-request.ts';
import type { ViewRequest } from '../view/view-request.ts';
import type { TaskEvents } from './task-host.ts';
import { type RemoteTask, WorkerHost } from './worker-host.ts';

/** A fixed number of worker threads, each started when it is first needed; a query goes to the one with the fewest. */
export class WorkerPool {
  readonly #size: number;
  readonly #logger: Logger;
  readonly #hosts: WorkerHost[] = [];

  constructor(size: number, logger: Logger) {
    this.#size = size;
    this.#logger = logger;
  }

  start(request: QueryRequest, events: TaskEvents): RemoteTask {
    return this.#leastLoaded().start(request, events);
  }

  startView(request: ViewRequest, events: TaskEvents): RemoteTask {
    return this.#leastLoaded().startView(request, events);
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
  }

  /** Ends all threads at once: for a process that must go. */
  async terminate(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.terminate()));
  }

  #leastLoaded(): WorkerHost {
    const least = this.#hosts.toSorted((a, b) => a.load - b.load)[0];
    if (least !== undefined && (least.load === 0 || this.#hosts.length >= this.#size)) return least;
    const host: WorkerHost = new WorkerHost(this.#logger, () => this.#hosts.splice(this.#hosts.indexOf(host), 1));
    this.#hosts.push(host);
    return host;
  }
}
