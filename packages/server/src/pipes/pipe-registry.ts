import type { Catalog, DefinitionChange, PipeDefinition, StreamDefinition } from '@millrace/catalog';
import { asMillraceError, type Clock, type Logger, MillraceError, type Timer } from '@millrace/core';
import type { PipeStatistics, RunningPipe } from '@millrace/pipes';
import { Endings } from '../endings.ts';
import { pipeOptions } from './stage-attributes.ts';

export interface PipeRegistryOptions {
  readonly catalog: Pick<Catalog, 'pipes'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts a pipe. @throws {MillraceError} what keeps it from running */
  readonly run: (definition: PipeDefinition) => Promise<RunningPipe>;
}

/** A pipe as SHOW and the metrics see it. */
export interface PipeRecord {
  readonly definition: PipeDefinition;
  readonly state: 'RUNNING' | 'STOPPED';
  readonly exceptionMessage: string | null;
  /** Of this server; null while it does not run here. */
  readonly statistics: PipeStatistics | null;
}

interface Entry {
  readonly definition: PipeDefinition;
  running: RunningPipe | null;
  failure: MillraceError | null;
  /** Set while it waits to be started again. */
  retry: Timer | null;
  /** How often it has failed in a row. */
  readonly failures: number;
  readonly startedAtMs: number;
}

const firstRestartMs = 1000;
const maxRestartMs = 60_000;

/**
 * The pipes that this server takes part in: each that the catalog says is running. Where several servers share a catalog, each of them
 * joins the group of each pipe, and the group shares out the partitions. A pipe that fails is stopped in the catalog, for all of them.
 */
export class PipeRegistry {
  readonly #options: PipeRegistryOptions;
  readonly #entries = new Map<string, Entry>();
  /** Pipes that come to an end: one of the same name begins behind it. */
  readonly #endings = new Endings();
  #isClosed = false;

  constructor(options: PipeRegistryOptions) {
    this.#options = options;
  }

  /** Starts and stops pipes as the catalog says, from now on; what fails is told in their records. */
  follow(): void {
    const { pipes } = this.#options.catalog;
    for (const definition of pipes.list()) if (definition.isRunning) this.start(definition);
    pipes.onChange((change) => this.#onChange(change));
  }

  /** Lets it run. One that runs is left as it is; one that has failed, or is of another definition, begins anew. */
  start(definition: PipeDefinition): void {
    const known = this.#entries.get(definition.name);
    if (known !== undefined && known.failure === null && runsAlike(known.definition, definition)) return;
    this.#begin(definition, 0);
  }

  /** Resolves when it has committed what is delivered, and ended. */
  stop(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    entry?.retry?.cancel();
    if (entry === undefined) return this.#endings.of(name);
    return this.#endings.add(
      name,
      entry.running?.stop().catch(() => {}),
    );
  }

  /** Stops all; the catalog says of those that ran that they run. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#entries.keys(), ...this.#endings.names].map((name) => this.stop(name)));
  }

  /** Tells those that run what streams there are. */
  setStreams(streams: readonly StreamDefinition[]): void {
    for (const { running } of this.#entries.values()) running?.setStreams(streams);
  }

  async record(definition: PipeDefinition): Promise<PipeRecord> {
    const entry = this.#entries.get(definition.name);
    const failure = entry?.failure ?? null;
    return {
      definition,
      state: definition.isRunning && failure === null ? 'RUNNING' : 'STOPPED',
      exceptionMessage: definition.exceptionMessage ?? failure?.message ?? null,
      statistics: (await entry?.running?.statistics()) ?? null,
    };
  }

  #onChange({ name, after }: DefinitionChange<PipeDefinition>): void {
    if (this.#isClosed) return;
    if (after?.isRunning) this.start(after);
    else void this.stop(name);
  }

  #begin(definition: PipeDefinition, failures: number): void {
    const { name } = definition;
    void this.stop(name);
    const entry: Entry = {
      definition,
      running: null,
      failure: null,
      retry: null,
      failures,
      startedAtMs: this.#options.clock.monotonic(),
    };
    this.#entries.set(name, entry);
    void this.#run(entry);
  }

  async #run(entry: Entry): Promise<void> {
    const { definition } = entry;
    try {
      await this.#endings.of(definition.name);
      if (!this.#isCurrent(entry)) return;
      const running = await this.#options.run(definition);
      entry.running = running;
      if (!this.#isCurrent(entry)) await running.stop();
      await running.done;
    } catch (failure) {
      if (this.#isCurrent(entry)) this.#onFailed(entry, asMillraceError(failure));
    }
  }

  #isCurrent(entry: Entry): boolean {
    return !this.#isClosed && this.#entries.get(entry.definition.name) === entry;
  }

  #onFailed(entry: Entry, failure: MillraceError): void {
    const { clock, logger } = this.#options;
    const { definition } = entry;
    entry.failure = failure;
    logger.error({ pipe: definition.name, code: failure.code, error: failure.message }, 'a pipe has stopped');
    if (!pipeOptions(definition).autoRestart) {
      void this.#store(entry, failure.message);
      return;
    }
    const ranMs = clock.monotonic() - entry.startedAtMs;
    const failures = ranMs > maxRestartMs ? 0 : entry.failures;
    const waitMs = Math.min(maxRestartMs, firstRestartMs * 2 ** failures);
    entry.retry = clock.setTimer(waitMs, () => this.#begin(definition, failures + 1), { unref: true });
  }

  /** Tells the catalog, and thereby the other servers; again and again while it cannot be told. */
  async #store(entry: Entry, exceptionMessage: string): Promise<void> {
    const { catalog, clock, logger } = this.#options;
    const { name, id } = entry.definition;
    try {
      await catalog.pipes.update(name, (now) =>
        now.id === id && this.#isCurrent(entry) ? { ...now, isRunning: false, exceptionMessage } : now,
      );
    } catch (cause) {
      if (!this.#isCurrent(entry) || (cause instanceof MillraceError && cause.code === 'PIPE_UNKNOWN')) return;
      logger.warn({ pipe: name, error: asMillraceError(cause).message }, 'that a pipe has stopped cannot be stored yet');
      entry.retry = clock.setTimer(maxRestartMs, () => void this.#store(entry, exceptionMessage), { unref: true });
    }
  }
}

/** False if the one cannot go on as the other. */
function runsAlike(one: PipeDefinition, other: PipeDefinition): boolean {
  const work = ({ id, extractor, processor, connector }: PipeDefinition) => JSON.stringify([id, extractor, processor, connector]);
  return work(one) === work(other);
}
