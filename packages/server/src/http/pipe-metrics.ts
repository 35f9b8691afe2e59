import type { PluginMetric, StageStatistics } from '@millrace/pipes';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { PipeRecord } from '../pipes/pipe-registry.ts';
import type { Pipes } from '../pipes/pipes.ts';
import { stageKinds } from '../pipes/stage-attributes.ts';

/** Figures of the pipes of this server, of each of their stages, and of plugins. */
export class PipeMetrics {
  readonly #registry: Registry;
  readonly #pipes: Pick<Pipes, 'records' | 'loaded'>;
  readonly #state: Gauge;
  readonly #lag: Gauge;
  readonly #ofPipes: readonly { readonly metric: Gauge | Counter; readonly of: (record: PipeRecord) => number | null }[];
  readonly #ofStages: readonly { readonly metric: Counter; readonly of: (stage: StageStatistics) => number }[];
  /** Plugins name their figures themselves. */
  readonly #ofPlugins = new Map<string, Gauge | Counter>();

  constructor(registry: Registry, pipes: Pick<Pipes, 'records' | 'loaded'>) {
    this.#registry = registry;
    this.#pipes = pipes;
    const registers = [registry];
    const labels = (name: string, help: string, ...labelNames: string[]) => ({
      name: `millrace_pipe_${name}`,
      help,
      labelNames,
      registers,
    });
    this.#state = new Gauge(labels('state', '1 for the state that a pipe is in', 'pipe', 'state'));
    this.#lag = new Gauge(labels('lag_records', 'records of a partition that are still to come', 'pipe', 'topic', 'partition'));
    this.#ofPipes = [
      ...gauges.map(([name, help, of]) => ({ metric: new Gauge(labels(name, help, 'pipe')), of })),
      ...counters.map(([name, help, of]) => ({ metric: new Counter(labels(name, help, 'pipe')), of })),
    ];
    this.#ofStages = stageCounters.map(([name, help, of]) => ({ metric: new Counter(labels(name, help, 'pipe', 'stage')), of }));
  }

  /** Takes the figures as they are now. */
  async gather(): Promise<void> {
    const records = await this.#pipes.records();
    const parts = await this.#pipes.loaded().catch(() => null);
    for (const metric of [this.#state, this.#lag, ...this.#ofPipes.map((of) => of.metric), ...this.#ofStages.map((of) => of.metric)])
      metric.reset();
    for (const record of records) this.#take(record);
    for (const metric of this.#ofPlugins.values()) metric.reset();
    for (const figure of parts?.host.metrics() ?? []) this.#takePlugin(figure);
  }

  #take(record: PipeRecord): void {
    const { definition, state, statistics } = record;
    const pipe = definition.name;
    this.#state.set({ pipe, state: state.toLowerCase() }, 1);
    for (const { metric, of } of this.#ofPipes) {
      const value = of(record);
      if (value !== null) metric.inc({ pipe }, value);
    }
    if (statistics === null) return;
    for (const { topic, partition, lag } of statistics.partitions) this.#lag.set({ pipe, topic, partition: String(partition) }, lag);
    for (const stage of stageKinds) for (const { metric, of } of this.#ofStages) metric.inc({ pipe, stage }, of(statistics[stage]));
  }

  #takePlugin({ pipe, stage, plugin, name, kind, value }: PluginMetric): void {
    const full = `millrace_plugin_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`;
    const options = { name: full, help: 'a figure of a plugin', labelNames: ['pipe', 'stage', 'plugin'], registers: [this.#registry] };
    const metric = this.#ofPlugins.get(full) ?? (kind === 'gauge' ? new Gauge(options) : new Counter(options));
    this.#ofPlugins.set(full, metric);
    // What one plugin calls a counter another may call a gauge.
    if (metric instanceof Gauge || (value >= 0 && value < Infinity)) metric.inc({ pipe, stage, plugin }, value);
  }
}

type Figure<T> = readonly [name: string, help: string, of: (figures: T) => number | null];

const gauges: readonly Figure<PipeRecord>[] = [
  [
    'remaining_events',
    'records that are still to come, in the partitions that this server has',
    ({ statistics }) => statistics?.remainingEvents ?? null,
  ],
  [
    'remaining_seconds',
    'how long they will take at the rate of the last seconds',
    ({ statistics }) => statistics?.remainingSeconds ?? null,
  ],
  [
    'last_delivery_timestamp_seconds',
    'when a pipe has delivered last',
    ({ statistics }) => (statistics?.lastDeliveryMs == null ? null : statistics.lastDeliveryMs / 1000),
  ],
];

/** Since a pipe has started last, of this server. */
const counters: readonly Figure<PipeRecord>[] = [
  ['in_records_total', 'records that a pipe has taken from its streams', ({ statistics }) => statistics?.recordsIn ?? null],
  ['in_bytes_total', 'bytes of them', ({ statistics }) => statistics?.bytesIn ?? null],
  ['dead_letters_total', 'records that a pipe has passed over', ({ statistics }) => statistics?.deadLetters ?? null],
  ['loops_total', 'records that a pipe has not sent where they came from', ({ statistics }) => statistics?.loops ?? null],
];

const stageCounters: readonly (readonly [name: string, help: string, of: (stage: StageStatistics) => number])[] = [
  ['in_events_total', 'rows and deletions that a stage was given', ({ eventsIn }) => eventsIn],
  ['out_events_total', 'rows and deletions that a stage has given on', ({ eventsOut }) => eventsOut],
  ['retries_total', 'tries of a stage that were repeated', ({ retries }) => retries],
  ['errors_total', 'calls of a stage that have failed', ({ errors }) => errors],
];
