import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Pipes } from '../pipes/pipes.ts';
import type { QueryRegistry } from '../queries/query-registry.ts';
import type { ViewRecord } from '../views/view-registry.ts';
import { PipeMetrics } from './pipe-metrics.ts';
import { ViewMetrics } from './view-metrics.ts';

/** Figures for Prometheus. Those of queries, views and pipes are gathered when they are asked for. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter;
  readonly #ingested: Counter;
  readonly #views: ViewMetrics;
  readonly #pipes: PipeMetrics;

  constructor(queries: QueryRegistry, views: () => Promise<readonly ViewRecord[]>, pipes: Pick<Pipes, 'records' | 'loaded'>) {
    // A finer look at the event loop would wake an idle process a hundred times a second.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 500 });
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: 'millrace_http_requests_total',
      help: 'HTTP requests answered',
      labelNames: ['method', 'status'],
      registers,
    });
    this.#ingested = new Counter({
      name: 'millrace_ingest_rows_total',
      help: 'rows stored by INSERT and ingest',
      labelNames: ['stream'],
      registers,
    });
    new Gauge({
      name: 'millrace_queries',
      help: 'queries that are running',
      registers,
      async collect() {
        this.set((await queries.records()).length);
      },
    });
    this.#views = new ViewMetrics(this.#registry, views);
    this.#pipes = new PipeMetrics(this.#registry, pipes);
    for (const [figure, help] of Object.entries(queryFigures)) this.#queryCounter(figure as keyof typeof queryFigures, help, queries);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text that Prometheus reads. */
  async text(): Promise<string> {
    await Promise.all([this.#views.gather(), this.#pipes.gather()]);
    return this.#registry.metrics();
  }

  countRequest(method: string, status: number): void {
    this.#requests.inc({ method, status: String(status) });
  }

  countIngested(stream: string, rows: number): void {
    this.#ingested.inc({ stream }, rows);
  }

  #queryCounter(figure: keyof typeof queryFigures, help: string, queries: QueryRegistry): void {
    // Of queries that are over nothing is kept: a scrape shows those that run.
    new Counter({
      name: `millrace_query_${figure.replace('rows', '').toLowerCase()}_rows_total`,
      help,
      labelNames: ['query_id'],
      registers: [this.#registry],
      async collect() {
        const records = await queries.records();
        this.reset();
        for (const { queryId, statistics } of records) this.inc({ query_id: queryId }, statistics[figure]);
      },
    });
  }
}

const queryFigures = {
  rowsIn: 'rows that a query has read',
  rowsOut: 'rows that a query has given out',
  rowsLate: 'rows that came after their windows had closed',
  rowsUndecodable: 'records that could not be decoded',
} as const;
