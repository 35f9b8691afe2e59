import { availableParallelism } from 'node:os';
import { assert, type Clock, type Logger, MillraceError, type Random, silentLogger, systemClock, systemRandom } from '@millrace/core';
import type { QueryRequest } from '../task/query-request.ts';
import type { ViewRequest } from '../view/view-request.ts';
import { RunningQuery } from './running-query.ts';
import { RunningView } from './running-view.ts';
import { type HostedTask, type TaskEvents, TaskHost } from './task-host.ts';
import type { RemoteTask } from './worker-host.ts';
import { WorkerPool } from './worker-pool.ts';

/** How an engine runs queries. */
export interface EngineOptions {
  /** Runs queries in the calling thread instead of workers: for tests. */
  readonly inProcess?: boolean;
  /** Worker threads; default: the processors less one, at least one. */
  readonly workers?: number;
  readonly logger?: Logger;
  /** Of queries in process; workers have the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A query and how long its client may let results lie. */
export interface StartRequest extends QueryRequest {
  /** The query ends if results wait for so long to be taken; default 300,000. */
  readonly clientStallMs?: number;
}

const defaultStallMs = 300_000;

/** Runs queries, in worker threads that are started when they are needed. */
export class QueryEngine {
  readonly #clock: Clock;
  readonly #pool: WorkerPool | null;
  readonly #host: TaskHost | null;
  readonly #queries = new Map<string, RunningQuery>();
  readonly #views = new Set<RunningView>();

  constructor(options: EngineOptions = {}) {
    const { logger = silentLogger, clock = systemClock, random = systemRandom } = options;
    this.#clock = clock;
    this.#pool = options.inProcess ? null : new WorkerPool(options.workers ?? Math.max(1, availableParallelism() - 1), logger);
    this.#host = options.inProcess ? new TaskHost({ clock, logger, random }) : null;
  }

  /** The queries that run, by id. */
  get queries(): ReadonlyMap<string, RunningQuery> {
    return this.#queries;
  }

  /** Starts a query. What goes wrong, the query itself tells (`ready`, `output`, `done`). */
  start(request: StartRequest): RunningQuery {
    assert(!this.#queries.has(request.queryId), `two queries have the id ${request.queryId}`);
    const { clientStallMs = defaultStallMs, ...rest } = request;
    const query = new RunningQuery(request.queryId, this.#clock, clientStallMs);
    this.#queries.set(request.queryId, query);
    const forget = () => this.#queries.delete(request.queryId);
    query.done.then(forget, forget);
    query.begin(this.#run(rest, query));
    return query;
  }

  /** Starts a materialized view. What goes wrong, the view itself tells (`ready`, `done`). */
  startView(request: ViewRequest): RunningView {
    const view = new RunningView(request.view);
    this.#views.add(view);
    const forget = () => this.#views.delete(view);
    view.done.then(forget, forget);
    view.begin(this.#pool === null ? remote(this.#host!.startView(request, view)) : this.#pool.startView(request, view));
    return view;
  }

  /** Ends all queries and views, what these have processed committed, and waits until their groups, connections and threads are gone. */
  async close(): Promise<void> {
    const ended = [...this.#queries.values()].map(({ done }) => done.catch(() => {}));
    for (const query of this.#queries.values()) query.cancel(new MillraceError('QUERY_CANCELLED', 'the server shuts down'));
    await Promise.all([...ended, ...[...this.#views].map((view) => view.stop().catch(() => {}))]);
    await this.#host?.close();
    await this.#pool?.close();
  }

  #run(request: QueryRequest, events: TaskEvents): RemoteTask {
    if (this.#pool !== null) return this.#pool.start(request, events);
    return remote(this.#host!.start(request, events));
  }
}

/** A task of this thread as one of any. */
function remote(task: HostedTask): RemoteTask {
  return { ...task, statistics: async () => task.statistics() };
}
