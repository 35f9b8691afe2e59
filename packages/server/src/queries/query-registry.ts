import { type Clock, MillraceError } from '@millrace/core';
import type { ClusterOptions } from '@millrace/kafka-client';
import type { QueryPlan } from '@millrace/planner';
import type { QueryEngine, QueryStatistics, RunningQuery, SinkRequest } from '@millrace/runtime';

/** What is asked for with a query. */
export interface QueryStart {
  readonly queryId: string;
  /** As it was written. */
  readonly sql: string;
  readonly user: string;
  readonly plan: QueryPlan;
  readonly sink: SinkRequest;
}

/** A query that runs, as SHOW QUERIES and the metrics see it. */
export interface QueryRecord {
  readonly queryId: string;
  readonly sql: string;
  readonly user: string;
  readonly startedAtMs: number;
  readonly streams: readonly string[];
  readonly statistics: QueryStatistics;
}

interface Entry extends QueryStart {
  readonly startedAtMs: number;
  readonly running: RunningQuery;
}

export interface RegistryOptions {
  readonly engine: QueryEngine;
  readonly clock: Clock;
  readonly cluster: ClusterOptions;
  readonly memoryBytes: number;
  readonly clientStallMs: number;
}

/** The queries of this server: starts them, and knows who asked for them and what they read. */
export class QueryRegistry {
  readonly #options: RegistryOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** @throws {MillraceError} PLAN_ARGUMENT_INVALID if a query of this id runs already */
  start(start: QueryStart): RunningQuery {
    const { engine, clock, cluster, memoryBytes, clientStallMs } = this.#options;
    const { queryId, plan, sink } = start;
    if (this.#entries.has(queryId)) throw new MillraceError('PLAN_ARGUMENT_INVALID', `a query with the id ${queryId} is running already`);
    const running = engine.start({ ...cluster, queryId, plan, sink, memoryBytes, clientStallMs });
    this.#entries.set(queryId, { ...start, running, startedAtMs: clock.now() });
    const forget = () => this.#entries.delete(queryId);
    running.done.then(forget, forget);
    return running;
  }

  /** The queries that run, oldest first, with their figures as they are now. */
  records(): Promise<QueryRecord[]> {
    return Promise.all([...this.#entries.values()].map(recordOf));
  }

  async record(queryId: string): Promise<QueryRecord | undefined> {
    const entry = this.#entries.get(queryId);
    return entry && recordOf(entry);
  }

  /** Ends a query; false if none has the id. */
  kill(queryId: string): boolean {
    const entry = this.#entries.get(queryId);
    entry?.running.cancel(new MillraceError('QUERY_CANCELLED', `the query ${queryId} was killed`));
    return entry !== undefined;
  }

  /** Ends the queries that read a stream which is no more. */
  endReadersOf(stream: string): void {
    for (const { plan, running } of this.#entries.values()) {
      if (plan.streams.includes(stream)) running.cancel(new MillraceError('PLAN_STREAM_UNKNOWN', `the stream ${stream} was dropped`));
    }
  }

  /** Ends all queries; resolves when they are over. */
  async endAll(reason: MillraceError): Promise<void> {
    const entries = [...this.#entries.values()];
    for (const { running } of entries) running.cancel(reason);
    await Promise.all(entries.map(({ running }) => running.done.catch(() => {})));
  }
}

async function recordOf({ queryId, sql, user, startedAtMs, plan, running }: Entry): Promise<QueryRecord> {
  const statistics = await running.statistics();
  return { queryId, sql, user, startedAtMs, streams: plan.streams, statistics };
}
