import { Counter, Gauge, type Registry } from 'prom-client';
import type { ViewRecord } from '../views/view-registry.ts';

/** Figures of the materialized views of this server, as Prometheus wants them: those of views that another one runs are there. */
export class ViewMetrics {
  readonly #records: () => Promise<readonly ViewRecord[]>;
  readonly #state: Gauge;
  readonly #figures: readonly { readonly metric: Gauge | Counter; readonly of: (record: ViewRecord) => number | null }[];

  /** @param records is asked once for each {@link gather} */
  constructor(registry: Registry, records: () => Promise<readonly ViewRecord[]>) {
    this.#records = records;
    this.#state = new Gauge({
      name: 'millrace_view_state',
      help: '1 for the state that a materialized view is in',
      labelNames: ['view', 'state'],
      registers: [registry],
    });
    const options = (name: string, help: string) => ({ name: `millrace_view_${name}`, help, labelNames: ['view'], registers: [registry] });
    this.#figures = [
      ...gauges.map(([name, help, of]) => ({ metric: new Gauge(options(name, help)), of })),
      ...counters.map(([name, help, of]) => ({ metric: new Counter(options(name, help)), of })),
    ];
  }

  /** Takes the figures as they are now. */
  async gather(): Promise<void> {
    const records = await this.#records();
    this.#state.reset();
    for (const { name, state } of records) this.#state.set({ view: name, state }, 1);
    for (const { metric, of } of this.#figures) {
      metric.reset();
      for (const record of records) {
        const value = of(record);
        if (value !== null) metric.inc({ view: record.name }, value);
      }
    }
  }
}

type Figure = readonly [name: string, help: string, of: (record: ViewRecord) => number | null];

const gauges: readonly Figure[] = [
  ['lag_records', 'records of the sources that are not committed yet', lagOf],
  ['state_bytes', 'what the operators of a view hold', ({ statistics }) => statistics?.stateBytes ?? null],
  [
    'last_commit_timestamp_seconds',
    'when a view has committed last; one without anything to do commits nothing',
    ({ statistics }) => (statistics?.view?.lastCommitMs == null ? null : statistics.view.lastCommitMs / 1000),
  ],
];

/** Of this process's life; of rows, since a view has begun anew. */
const counters: readonly Figure[] = [
  ['in_rows_total', 'records that a view has read', ({ statistics }) => statistics?.rowsIn ?? null],
  ['out_rows_total', 'rows that a view has written', ({ statistics }) => statistics?.rowsOut ?? null],
  ['late_rows_total', 'rows that came after their windows had closed', ({ statistics }) => statistics?.rowsLate ?? null],
  ['commits_total', 'transactions of a view', ({ statistics }) => statistics?.view?.commits ?? null],
  ['restarts_total', 'times that a view has begun anew after a failure', ({ statistics }) => statistics?.view?.restarts ?? null],
  ['dead_letters_total', 'records that a view could not process', ({ statistics }) => statistics?.view?.deadLetters ?? null],
];

/** As far as the view has heard: no broker is asked. */
function lagOf({ statistics }: ViewRecord): number | null {
  if (statistics?.view === undefined || statistics.partitions.length === 0) return null;
  const committed = new Map(statistics.view.committed.map(({ topic, partition, offset }) => [`${partition}@${topic}`, offset]));
  return statistics.partitions.reduce(
    (lag, { topic, partition, highWatermark }) => lag + Math.max(0, highWatermark - (committed.get(`${partition}@${topic}`) ?? 0)),
    0,
  );
}
