import type { MaterializedViewDefinition } from '@millrace/catalog';
import { asMillraceError, type Clock, type Logger, MillraceError, type Timer } from '@millrace/core';
import type { QueryEngine, QueryState, QueryStatistics, RunningView, ViewRequest } from '@millrace/runtime';

export interface ViewRegistryOptions {
  readonly engine: Pick<QueryEngine, 'startView'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws {MillraceError} if the view cannot be planned any more */
  readonly request: (definition: MaterializedViewDefinition) => ViewRequest;
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
  running: RunningView | null;
  failure: MillraceError | null;
  /** Set while it waits to be started again. */
  retry: Timer | null;
}

/** A view whose worker has died is started again after so long. */
const restartMs = 1000;

/** The materialized views that this server runs. */
export class ViewRegistry {
  readonly #options: ViewRegistryOptions;
  readonly #entries = new Map<string, Entry>();
  #isClosed = false;

  constructor(options: ViewRegistryOptions) {
    this.#options = options;
  }

  /** Starts those that are not paused; what fails is told in their records. */
  startAll(definitions: readonly MaterializedViewDefinition[]): void {
    for (const definition of definitions) {
      if (definition.isPaused) continue;
      this.start(definition).catch((failure: unknown) => {
        this.#options.logger.error(
          { view: definition.name, error: asMillraceError(failure).message },
          'a materialized view does not start',
        );
      });
    }
  }

  /** Resolves when the view runs: what is written to its sources from then on is seen. @throws {MillraceError} what keeps it from running */
  async start(definition: MaterializedViewDefinition): Promise<void> {
    const { name } = definition;
    const entry: Entry = { running: null, failure: null, retry: null };
    this.#entries.set(name, entry);
    try {
      const running = this.#options.engine.startView(this.#options.request(definition));
      entry.running = running;
      running.done.catch((failure: unknown) => this.#onFailed(definition, entry, asMillraceError(failure)));
      await running.ready;
    } catch (failure) {
      entry.failure = asMillraceError(failure);
      throw failure;
    }
  }

  /** Lets a view commit and end. */
  async stop(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    entry?.retry?.cancel();
    await entry?.running?.stop().catch(() => {});
  }

  /** Stops all. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#entries.keys()].map((name) => this.stop(name)));
  }

  async record({ name, isPaused }: MaterializedViewDefinition): Promise<ViewRecord> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return { name, state: isPaused ? 'paused' : 'stopped', statistics: null, error: null };
    const statistics = (await entry.running?.statistics()) ?? null;
    if (entry.failure !== null) return { name, state: 'error', statistics, error: entry.failure.message };
    return { name, state: statistics?.state ?? 'starting', statistics, error: statistics?.view?.lastError ?? null };
  }

  #onFailed(definition: MaterializedViewDefinition, entry: Entry, failure: MillraceError): void {
    entry.failure = failure;
    const { name } = definition;
    const { logger, clock } = this.#options;
    logger.error({ view: name, code: failure.code, error: failure.message }, 'a materialized view has ended');
    if (failure.code !== 'QUERY_WORKER_LOST' || this.#isClosed || this.#entries.get(name) !== entry) return;
    entry.retry = clock.setTimer(restartMs, () => void this.start(definition).catch(() => {}), { unref: true });
  }
}

/** The error of statements over a view that does not run. */
export function notRunning({ name, state, error }: ViewRecord): MillraceError {
  const reason = error === null ? '' : `: ${error}`;
  return new MillraceError('PLAN_QUERY_INCORRECT', `the materialized view ${name} does not run, it is ${state}${reason}`, {
    hint: state === 'paused' ? `SYSTEM UNPAUSE MATERIALIZED VIEW ${name}` : 'SHOW MATERIALIZED VIEWS says more',
    details: { name, state },
  });
}
