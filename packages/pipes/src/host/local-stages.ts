import { unlessAborted } from '@millrace/core';
import type { Injections, Json, OpenContext, PluginDefinition, StageKind, StreamSelection } from '@millrace/sdk';
import type { ConnectorStage, ExtractorStage, PluginReference, ProcessorStage, StageOpener, StageRequest } from '../stage/stage.ts';
import { type DefinitionOf, loadDefinition } from './load-definition.ts';
import { readAttributes } from './read-attributes.ts';
import { type HookRunner, type RunHook, trusting } from './run-hook.ts';
import { type ServiceSources, StageContainer } from './services/stage-container.ts';
import { checkSelection } from './stages/check-selection.ts';
import { hookError } from './stages/hook-failure.ts';
import { LocalConnector } from './stages/local-connector.ts';
import { LocalExtractor } from './stages/local-extractor.ts';
import { LocalProcessor } from './stages/local-processor.ts';
import { SharedConnector } from './stages/shared-connector.ts';

/** Opens stages whose hooks run in this thread: built-in plugins beside their pipes, plugins of users in the worker of their package. */
export class LocalStages implements StageOpener {
  readonly #sources: ServiceSources;
  readonly #container: StageContainer;
  readonly #runHook: RunHook;
  readonly #hooks: HookRunner;
  readonly #connectors = new Map<string, SharedConnector>();

  constructor(sources: ServiceSources, hooks: HookRunner = trusting) {
    this.#sources = sources;
    this.#hooks = hooks;
    this.#runHook = hooks.run;
    this.#container = new StageContainer(sources);
  }

  async openProcessor(request: StageRequest, signal: AbortSignal): Promise<LocalProcessor & ProcessorStage> {
    const definition = await this.#load(request.plugin, 'processor');
    const attributes = this.#read(definition, request);
    const closing = new AbortController();
    const stageSignal = AbortSignal.any([closing.signal, signal]);
    const context = this.#context(definition, request, attributes, stageSignal);
    const resource = await this.#open(definition, closing, signal, context, (given) => definition.open(given));
    const { timezone } = this.#sources.environment;
    return new LocalProcessor({
      pipe: request.pipe,
      definition,
      attributes,
      resource,
      timezone,
      runHook: this.#runHook,
      closing,
      signal: stageSignal,
    });
  }

  async openConnector(request: StageRequest, signal: AbortSignal): Promise<LocalConnector & ConnectorStage> {
    const definition = await this.#load(request.plugin, 'connector');
    const attributes = this.#read(definition, request);
    const key = sharingKey(request);
    let shared = this.#connectors.get(key);
    if (shared === undefined) {
      const closing = new AbortController();
      const context = this.#context(definition, request, attributes, closing.signal);
      const forget = () => {
        if (this.#connectors.get(key) === shared) this.#connectors.delete(key);
      };
      // What is behind the services is loaded first: that is not the plugin's time.
      const open = async () => {
        const given = await context();
        return this.#runHook('open', () => definition.open(given));
      };
      shared = openShared(definition, attributes, this.#runHook, closing, open, forget);
      this.#connectors.set(key, shared);
    }
    const acquired = shared.acquire();
    try {
      await unlessAborted(acquired, signal);
    } catch (error) {
      // It may open yet: its share is given back then.
      if (signal.aborted) acquired.then(() => shared.release()).catch(() => {});
      throw hookError({ plugin: definition.name, hook: 'open' }, error);
    }
    return new LocalConnector(shared, request.pipe, this.#sources.environment, signal);
  }

  async openExtractor(request: StageRequest, position: Json | undefined, signal: AbortSignal): Promise<LocalExtractor & ExtractorStage> {
    const definition = await this.#load(request.plugin, 'extractor');
    const attributes = this.#read(definition, request);
    const closing = new AbortController();
    const stageSignal = AbortSignal.any([closing.signal, signal]);
    const context = this.#context(definition, request, attributes, stageSignal);
    const resource = await this.#open(definition, closing, signal, context, (given) => definition.open({ ...given, position }));
    return new LocalExtractor({ definition, resource, clock: this.#sources.clock, runHook: this.#runHook, closing, signal: stageSignal });
  }

  async select(request: StageRequest): Promise<StreamSelection | null> {
    const definition = await this.#load(request.plugin, 'extractor');
    const attributes = this.#read(definition, request);
    try {
      if (definition.select === undefined) return null;
      return checkSelection(await this.#runHook('select', () => definition.select!(attributes)));
    } catch (error) {
      throw hookError({ plugin: definition.name, hook: 'select' }, error);
    }
  }

  /** Reads the attributes. @throws {MillraceError} PIPE_ATTRIBUTES_INVALID with every problem */
  async check(request: StageRequest): Promise<void> {
    this.#read(await this.#load<StageKind>(request.plugin, request.kind), request);
  }

  async #load<K extends StageKind>(plugin: PluginReference, kind: K): Promise<DefinitionOf<K>> {
    const definition = await loadDefinition(plugin, kind);
    this.#hooks.loaded(plugin.module);
    return definition;
  }

  #read(definition: PluginDefinition, request: StageRequest): unknown {
    return readAttributes(definition, request, this.#sources.environment.timezone);
  }

  /** Makes what `open` receives: services are resolved when it is called, so that their errors are those of `open`. */
  #context(
    definition: PluginDefinition,
    request: StageRequest,
    attributes: unknown,
    signal: AbortSignal,
  ): () => Promise<OpenContext<unknown, Injections>> {
    return async () => {
      const inject = Object.entries(definition.inject ?? {});
      const labels = { pipe: request.pipe, stage: request.kind, plugin: definition.name };
      const resolve = await this.#container.forStage(
        labels,
        inject.map(([, token]) => token),
      );
      const services = Object.fromEntries(inject.map(([name, token]) => [name, resolve(token)]));
      return { ...services, attributes, pipe: request.pipe, signal };
    };
  }

  async #open(
    definition: PluginDefinition,
    closing: AbortController,
    signal: AbortSignal,
    context: () => Promise<OpenContext<unknown, Injections>>,
    open: (context: OpenContext<unknown, Injections>) => unknown,
  ): Promise<unknown> {
    const opened = context().then((given) => this.#runHook('open', () => open(given)));
    try {
      return await unlessAborted(opened, signal);
    } catch (error) {
      closing.abort();
      if (signal.aborted) opened.then((resource) => this.#runHook('close', () => definition.close?.(resource as never))).catch(() => {});
      throw hookError({ plugin: definition.name, hook: 'open' }, error);
    }
  }
}

/** @throws {MillraceError} PLUGIN_FAILED if the definition gives what it should not */
function openShared(...given: ConstructorParameters<typeof SharedConnector>): SharedConnector {
  try {
    return new SharedConnector(...given);
  } catch (error) {
    throw hookError({ plugin: given[0].name, hook: 'open' }, error);
  }
}

/** Equal for requests that are equal but for the pipe. The order of keys does not matter. */
export function sharingKey({ plugin, attributes }: StageRequest): string {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([plugin.module, plugin.exportName, entries]);
}
