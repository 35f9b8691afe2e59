import type { Catalog, MaterializedViewDefinition, RelationChange } from '@millrace/catalog';
import { asMillraceError, type Clock, type Logger, MillraceError, type Timer } from '@millrace/core';
import type { QueryEngine, QueryState, QueryStatistics } from '@millrace/runtime';
import { Endings } from '../endings.ts';
import type { TaskRequest } from './plan-definition.ts';
import { RunningTasks } from './running-tasks.ts';

export interface ViewRegistryOptions {
  readonly engine: Pick<QueryEngine, 'startView'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws {MillraceError} if the view cannot be planned any more */
  readonly requests: (definition: MaterializedViewDefinition) => readonly TaskRequest[];
  /** Called when a view was dropped and runs here no more. */
  readonly forget: (definition: MaterializedViewDefinition) => void;
}

/** A materialized view of this server, as SHOW and the metrics see it. */
export interface ViewRecord {
  readonly name: string;
  readonly state: QueryState | 'paused' | 'error';
  /** Null while it does not run. */
  readonly statistics: QueryStatistics | null;
  readonly error: string | null;
}

interface Entry {
  readonly definition: MaterializedViewDefinition;
  /** As {@link RunningTasks.ready}, or rejects with what kept it from running. */
  started: Promise<void>;
  running: RunningTasks | null;
  failure: MillraceError | null;
  /** Set while it waits to be started again. */
  retry: Timer | null;
}

/** A view whose worker has died is started again after so long. */
const restartMs = 1000;

/**
 * The materialized views that this server takes part in: each that the catalog holds and that is not paused. Where several servers
 * share a catalog, each of them joins the group of each view, and the group decides who runs it.
 */
export class ViewRegistry {
  readonly #options: ViewRegistryOptions;
  readonly #entries = new Map<string, Entry>();
  /** Views that come to an end: one of the same name begins behind it. */
  readonly #endings = new Endings();
  #isClosed = false;

  constructor(options: ViewRegistryOptions) {
    this.#options = options;
  }

  /** Starts and stops views as the catalog says, from now on; what fails is told in their records. */
  follow(catalog: Pick<Catalog, 'materializedViews' | 'onChange'>): void {
    for (const definition of catalog.materializedViews()) if (!definition.isPaused) this.#startUnasked(definition);
    catalog.onChange((change) => this.#onChange(change));
  }

  /**
   * Resolves when the view runs: what is written to its sources from then on is seen; or when another server has it. One that runs is
   * left as it is; one that has failed, or is of another definition, begins anew.
   * @throws {MillraceError} what keeps it from running
   */
  start(definition: MaterializedViewDefinition): Promise<void> {
    const { name } = definition;
    const known = this.#entries.get(name);
    if (known !== undefined && known.failure === null && runsAlike(known.definition, definition)) return known.started;
    void this.stop(name);
    const entry: Entry = { definition, started: Promise.resolve(), running: null, failure: null, retry: null };
    this.#entries.set(name, entry);
    entry.started = this.#run(entry);
    return entry.started;
  }

  /** Lets a view commit and end; resolves when it has. */
  stop(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    entry?.retry?.cancel();
    if (entry === undefined) return this.#endings.of(name);
    // What has failed has ended.
    const stopping = entry.failure === null ? entry.running?.stop().catch(() => {}) : undefined;
    return this.#endings.add(name, stopping);
  }

  /** Stops all. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#entries.keys(), ...this.#endings.names].map((name) => this.stop(name)));
  }

  async record({ name, isPaused }: MaterializedViewDefinition): Promise<ViewRecord> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return { name, state: isPaused ? 'paused' : 'stopped', statistics: null, error: null };
    const statistics = (await entry.running?.statistics()) ?? null;
    if (entry.failure !== null) return { name, state: 'error', statistics, error: entry.failure.message };
    return { name, state: statistics?.state ?? 'starting', statistics, error: statistics?.view?.lastError ?? null };
  }

  #onChange({ name, before, after }: RelationChange): void {
    if (this.#isClosed) return;
    if (after?.kind === 'materialized view' && !after.definition.isPaused) this.#startUnasked(after.definition);
    else if (before?.kind === 'materialized view') {
      const stopped = this.stop(name);
      if (after?.kind !== 'materialized view') this.#forget(before.definition, stopped);
    }
  }

  #forget(definition: MaterializedViewDefinition, stopped: Promise<void>): void {
    const { forget, logger } = this.#options;
    stopped
      .then(() => forget(definition))
      .catch((failure: unknown) =>
        logger.warn({ view: definition.name, error: asMillraceError(failure).message }, 'a dropped view leaves something behind'),
      );
  }

  #startUnasked(definition: MaterializedViewDefinition): void {
    this.start(definition).catch((failure: unknown) => {
      const { code, message } = asMillraceError(failure);
      // Whoever ended it knows.
      if (code !== 'QUERY_CANCELLED')
        this.#options.logger.error({ view: definition.name, error: message }, 'a materialized view does not start');
    });
  }

  async #run(entry: Entry): Promise<void> {
    const { definition } = entry;
    const { name } = definition;
    await this.#endings.of(name);
    if (this.#entries.get(name) !== entry) throw endedBefore(name);
    try {
      const { requests, engine } = this.#options;
      const tasks = requests(definition).map(({ reads, writes, request }) => ({ reads, writes, running: engine.startView(request) }));
      const running = new RunningTasks(tasks);
      entry.running = running;
      running.done.catch((failure: unknown) => this.#onFailed(entry, asMillraceError(failure)));
      await running.ready;
    } catch (failure) {
      entry.failure = asMillraceError(failure);
      throw failure;
    }
  }

  #onFailed(entry: Entry, failure: MillraceError): void {
    entry.failure = failure;
    const { definition } = entry;
    const { name } = definition;
    const { logger, clock } = this.#options;
    logger.error({ view: name, code: failure.code, error: failure.message }, 'a materialized view has ended');
    if (failure.code !== 'QUERY_WORKER_LOST' || this.#isClosed || this.#entries.get(name) !== entry) return;
    entry.retry = clock.setTimer(restartMs, () => void this.start(definition).catch(() => {}), { unref: true });
  }
}

/** False if the one cannot go on as the other. */
function runsAlike(one: MaterializedViewDefinition, other: MaterializedViewDefinition): boolean {
  return one.id === other.id && one.sql === other.sql && one.into === other.into && one.changelogTopic === other.changelogTopic;
}

function endedBefore(name: string): MillraceError {
  return new MillraceError('QUERY_CANCELLED', `the materialized view ${name} was stopped, dropped or replaced before it ran`);
}

/** The error of statements over a view that does not run. */
export function notRunning({ name, state, error }: ViewRecord): MillraceError {
  const reason = error === null ? '' : `: ${error}`;
  return new MillraceError('PLAN_QUERY_INCORRECT', `the materialized view ${name} does not run, it is ${state}${reason}`, {
    hint: state === 'paused' ? `SYSTEM UNPAUSE MATERIALIZED VIEW ${name}` : 'SHOW MATERIALIZED VIEWS says more',
    details: { name, state },
  });
}
