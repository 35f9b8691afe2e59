import type { Catalog, PipeDefinition, PipePluginDefinition, StreamDefinition } from '@millrace/catalog';
import { asMillraceError, type Clock, type Logger } from '@millrace/core';
import type { Boundaries, PipeEngine, PipeRequest, PluginHost, RunningPipe } from '@millrace/pipes';
import type { StageKind } from '@millrace/sdk';
import { pipeNames } from './pipe-names.ts';
import { type PipeRecord, PipeRegistry } from './pipe-registry.ts';
import { pipeStreams, streamDescriptions } from './pipe-streams.ts';
import { pipeOptions } from './stage-attributes.ts';
import { stageRequests } from './stage-requests.ts';

/** What runs pipes, loaded when the first of them needs it. */
export interface PipeParts {
  readonly host: PluginHost;
  readonly engine: Pick<PipeEngine, 'start'>;
  /** Where history ends. */
  takeBoundaries(streams: readonly StreamDefinition[]): Promise<Boundaries>;
  matches(pattern: string, stream: string): boolean;
  close(): Promise<void>;
}

export interface PipesOptions {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly load: (installed: readonly PipePluginDefinition[]) => Promise<PipeParts>;
  /** Whether other servers share the catalog. */
  readonly isShared: boolean;
  /** What a request says beside what its pipe does. */
  readonly surroundings: Omit<
    PipeRequest,
    'pipe' | 'groupId' | StageKind | 'selection' | 'boundaries' | 'streams' | 'onError' | 'deadLetterTopic' | 'stateTopic'
  >;
}

/** The pipes of this server and their plugins. What runs them is loaded when it is asked for: a server without pipes does not have it. */
export class Pipes {
  readonly registry: PipeRegistry;
  readonly #options: PipesOptions;
  /** Statements over one name, one after another. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Of plugins that this server has installed itself: their SHA-256. */
  readonly #installedHere = new Map<string, string>();
  #loading: Promise<PipeParts> | undefined;
  /** What other servers have made of plugins is being done here, one after another. */
  #following: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: PipesOptions) {
    this.#options = options;
    const { catalog, clock, logger } = options;
    this.registry = new PipeRegistry({ catalog, clock, logger, run: (definition) => this.#run(definition) });
  }

  /** Starts the pipes that ran when the server ended, and follows the catalog from now on. */
  open(): void {
    const { catalog } = this.#options;
    for (const { name, sha256 } of catalog.pipePlugins.list()) this.#installedHere.set(name, sha256);
    this.registry.follow();
    catalog.onChange(() => void this.#tellStreams());
    catalog.pipePlugins.onChange(({ name, after }) => {
      this.#following = this.#following.then(() => this.#followPlugin(name, after));
    });
  }

  /** What runs pipes, with the plugins that the catalog names by now. @throws {MillraceError} what keeps it from running any */
  async load(): Promise<PipeParts> {
    const parts = await this.#load();
    await this.#following;
    return parts;
  }

  #load(): Promise<PipeParts> {
    if (this.#loading === undefined) {
      const loading = this.#open();
      this.#loading = loading;
      loading.catch(() => {
        this.#loading = undefined;
      });
    }
    return this.#loading;
  }

  async #open(): Promise<PipeParts> {
    const { catalog, load, isShared } = this.#options;
    const installed = catalog.pipePlugins.list();
    const parts = await load(installed);
    if (!isShared) return parts;
    // Others may have installed them while this server did not run.
    const missing = new Set(parts.host.list().flatMap(({ name, error }) => (error === null ? [] : [name])));
    for (const plugin of installed) if (missing.has(plugin.name)) await this.#install(plugin, parts);
    return parts;
  }

  /** What runs pipes, if it is loaded. */
  loaded(): Promise<PipeParts | null> {
    return this.#loading ?? Promise.resolve(null);
  }

  /** All streams that pipes may read. */
  streams(): StreamDefinition[] {
    return pipeStreams(this.#options.catalog);
  }

  /** Lets statements over the same pipe, or over plugins, follow each other. */
  inTurn<T>(name: string, action: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(action, action);
    this.#turns.set(name, turn);
    const forget = () => {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    };
    turn.then(forget, forget);
    return turn;
  }

  /** Notes what a statement of this server makes of a plugin: the change that follows in the catalog needs nothing more. @param sha256 null = it is dropped */
  notePlugin(name: string, sha256: string | null): void {
    if (sha256 === null) this.#installedHere.delete(name);
    else this.#installedHere.set(name, sha256);
  }

  records(): Promise<PipeRecord[]> {
    return Promise.all(this.#options.catalog.pipes.list().map((definition) => this.registry.record(definition)));
  }

  /** Lets all pipes store their progress and ends them. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.registry.close();
    await (await this.loaded().catch(() => null))?.close();
  }

  async #run(definition: PipeDefinition): Promise<RunningPipe> {
    const parts = await this.load();
    const requests = stageRequests(definition, parts.host);
    const selection = await parts.host.select(requests.extractor);
    const { groupId, deadLetterTopic, stateTopic } = pipeNames(definition.name);
    return parts.engine.start({
      ...this.#options.surroundings,
      ...requests,
      pipe: definition.name,
      groupId,
      deadLetterTopic,
      stateTopic,
      selection,
      boundaries: definition.boundaries,
      streams: this.streams(),
      onError: pipeOptions(definition).onError,
    });
  }

  async #tellStreams(): Promise<void> {
    const parts = await this.loaded().catch(() => null);
    if (parts === null || this.#closed) return;
    const streams = this.streams();
    parts.host.setStreams(streamDescriptions(streams));
    this.registry.setStreams(streams);
  }

  /** Another server of the cluster has installed or dropped a plugin: so does this one. */
  async #followPlugin(name: string, definition: PipePluginDefinition | undefined): Promise<void> {
    if (this.#installedHere.get(name) === definition?.sha256) return;
    this.notePlugin(name, definition?.sha256 ?? null);
    const parts = await this.#load().catch(() => null);
    if (parts === null) return;
    if (definition !== undefined) await this.#install(definition, parts);
    else await parts.host.uninstall(name).catch((failure: unknown) => this.#complain(name, failure));
  }

  async #install(definition: PipePluginDefinition, { host }: PipeParts): Promise<void> {
    await host.install(definition, true).catch((failure: unknown) => this.#complain(definition.name, failure));
  }

  #complain(plugin: string, failure: unknown): void {
    const { message } = asMillraceError(failure);
    this.#options.logger.error({ plugin, error: message }, 'what another server has made of a plugin cannot be done here');
  }
}
