import type { MessagePort } from 'node:worker_threads';
import {
  type Clock,
  deserializeError,
  type MillraceError,
  postedLogger,
  type Random,
  systemClock,
  systemRandom,
  unlessAborted,
} from '@millrace/core';
import type { Json, StreamDescription, StreamSelection } from '@millrace/sdk';
import type { ConnectorStage, ExtractorStage, PluginReference, ProcessorStage, StageOpener, StageRequest } from '../stage/stage.ts';
import { LocalStages } from './local-stages.ts';
import { PluginMetrics } from './services/plugin-metrics.ts';
import { checkSelection } from './stages/check-selection.ts';
import { RemoteConnector } from './worker/remote-connector.ts';
import { RemoteExtractor } from './worker/remote-extractor.ts';
import { RemoteProcessor } from './worker/remote-processor.ts';
import { RemoteStage } from './worker/remote-stage.ts';
import type { StageCall } from './worker/stage-messages.ts';
import type { HostMessage, ThreadMessage } from './worker/thread-messages.ts';

const metricsEveryMs = 1000;

/** Time and chance of the thread. */
export interface ThreadPorts {
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A stage that is not open yet, and what the name of its plugin stands for now. */
interface Found {
  readonly remote: RemoteStage;
  readonly plugin: PluginReference;
}

/**
 * The stages of a thread of pipes: what `PluginHost.connect` has given a port for. Threads of the engine call it by this name.
 * @returns when the host has told what it must know
 */
export function openStages(port: MessagePort, ports: ThreadPorts = {}): Promise<HostedStages> {
  const { promise, resolve } = Promise.withResolvers<HostedStages>();
  port.once('message', (message: HostMessage & { readonly kind: 'begin' }) => resolve(new HostedStages(port, message, ports)));
  return promise;
}

/** Opens the stages of the pipes of one thread: what is built in beside them, the plugins of users in their workers. */
export class HostedStages implements StageOpener {
  readonly #port: MessagePort;
  readonly #clock: Clock;
  readonly #local: LocalStages;
  readonly #metrics = new PluginMetrics();
  readonly #asking = new Map<number, { resolve(found: Found): void; reject(error: MillraceError): void }>();
  readonly #remotes = new Map<number, RemoteStage>();
  #streams: readonly StreamDescription[];
  #nextId = 1;
  #isClosed = false;

  constructor(port: MessagePort, { environment, streams }: HostMessage & { readonly kind: 'begin' }, ports: ThreadPorts) {
    const { clock = systemClock, random = systemRandom } = ports;
    this.#port = port;
    this.#clock = clock;
    this.#streams = streams;
    const logger = postedLogger((level, fields, message) => this.#tell({ kind: 'log', level, fields, message }));
    this.#local = new LocalStages({ environment, clock, logger, random, metrics: this.#metrics, streams: () => this.#streams });
    port.on('message', (message: HostMessage) => this.#onMessage(message));
    this.#tellMetrics();
  }

  async openProcessor(request: StageRequest, signal: AbortSignal): Promise<ProcessorStage> {
    if (request.plugin.isBuiltIn) return this.#local.openProcessor(request, signal);
    const { remote } = await this.#open(request, signal, (now) => ({ method: 'openProcessor', request: now }));
    return new RemoteProcessor(remote);
  }

  async openConnector(request: StageRequest, signal: AbortSignal): Promise<ConnectorStage> {
    if (request.plugin.isBuiltIn) return this.#local.openConnector(request, signal);
    const { remote, answer } = await this.#open(request, signal, (now) => ({ method: 'openConnector', request: now }));
    return new RemoteConnector(remote, answer as Pick<ConnectorStage, 'order' | 'concurrency'>);
  }

  async openExtractor(request: StageRequest, position: Json | undefined, signal: AbortSignal): Promise<ExtractorStage> {
    if (request.plugin.isBuiltIn) return this.#local.openExtractor(request, position, signal);
    const { remote } = await this.#open(request, signal, (now) => ({ method: 'openExtractor', request: now, position }));
    return new RemoteExtractor(remote);
  }

  async select(request: StageRequest): Promise<StreamSelection | null> {
    if (request.plugin.isBuiltIn) return this.#local.select(request);
    const selection = await this.#once(request, 'select');
    return selection === null ? null : checkSelection(selection);
  }

  /** Reads the attributes. @throws {MillraceError} PIPE_ATTRIBUTES_INVALID with every problem */
  async check(request: StageRequest): Promise<void> {
    if (request.plugin.isBuiltIn) await this.#local.check(request);
    else await this.#once(request, 'check');
  }

  /** Lets go of what is still open, which then closes by itself, and of the port. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tell({ kind: 'metrics', metrics: this.#metrics.takeChanged() });
    for (const remote of this.#remotes.values()) remote.letGo();
    this.#port.close();
  }

  async #once(request: StageRequest, method: 'select' | 'check'): Promise<unknown> {
    const { remote, answer } = await this.#open(request, new AbortController().signal, (now) => ({ method, request: now }));
    remote.letGo();
    return answer;
  }

  /** A stage in the worker of its plugin, and what it has answered to its first call. */
  async #open(request: StageRequest, signal: AbortSignal, first: (now: StageRequest) => StageCall) {
    signal.throwIfAborted();
    const asked = this.#ask(request);
    const { remote, plugin } = await unlessAborted(asked, signal).catch((error: unknown) => {
      asked.then((late) => late.remote.letGo()).catch(() => {});
      throw error;
    });
    try {
      return { remote, answer: await unlessAborted(remote.call(first({ ...request, plugin })), signal) };
    } catch (error) {
      remote.letGo();
      throw error;
    }
  }

  #ask({ plugin, pipe }: StageRequest): Promise<Found> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#asking.set(id, { resolve, reject });
      this.#tell({ kind: 'open', id, plugin, pipe });
    });
  }

  #onMessage(message: HostMessage): void {
    switch (message.kind) {
      case 'begin':
        return;
      case 'streams':
        this.#streams = message.streams;
        return;
      case 'opened':
        this.#onOpened(message);
        return;
      case 'refused':
        this.#asking.get(message.id)?.reject(deserializeError(message.error));
        this.#asking.delete(message.id);
        return;
      case 'ended':
        this.#remotes.get(message.stage)?.end(message.end);
        return;
    }
  }

  #onOpened({ id, stage, plugin, port }: HostMessage & { readonly kind: 'opened' }): void {
    const remote = new RemoteStage(port, plugin.name, () => this.#remotes.delete(stage));
    // At once: the next message may be that it has ended.
    this.#remotes.set(stage, remote);
    this.#asking.get(id)?.resolve({ remote, plugin });
    this.#asking.delete(id);
  }

  #tell(message: ThreadMessage): void {
    this.#port.postMessage(message);
  }

  #tellMetrics(): void {
    if (this.#isClosed) return;
    const metrics = this.#metrics.takeChanged();
    if (metrics.length > 0) this.#tell({ kind: 'metrics', metrics });
    this.#clock.setTimer(metricsEveryMs, () => this.#tellMetrics(), { unref: true });
  }
}
