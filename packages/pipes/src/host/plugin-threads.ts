import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type Logger, type MillraceError, serializeError } from '@millrace/core';
import type { StreamDescription } from '@millrace/sdk';
import type { PluginReference } from '../stage/stage.ts';
import type { PluginMetric, StageEnvironment } from './stage-environment.ts';
import type { StageEnd } from './worker/remote-stage.ts';
import type { HostMessage, ThreadMessage } from './worker/thread-messages.ts';

export interface PluginThreadsOptions {
  readonly environment: StageEnvironment;
  readonly logger: Logger;
  readonly onMetrics: (metrics: readonly PluginMetric[]) => void;
  /** Gives the other end of a stage's port to the worker of its plugin. @throws {MillraceError} if there is no such plugin */
  readonly serve: (
    plugin: PluginReference,
    stage: number,
    port: MessagePort,
    pipe: string,
    onEnd: (end: StageEnd) => void,
  ) => PluginReference;
}

/** The threads of pipes, as the host of plugins knows them: it gives each stage a number and brings it together with its worker. */
export class PluginThreads {
  readonly #options: PluginThreadsOptions;
  readonly #ports = new Set<MessagePort>();
  #streams: readonly StreamDescription[] = [];
  #lastStage = 0;

  constructor(options: PluginThreadsOptions) {
    this.#options = options;
  }

  /** A port for one more thread: `openStages` takes it there. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#ports.add(port1);
    port1.on('close', () => this.#ports.delete(port1));
    port1.on('message', (message: ThreadMessage) => this.#onMessage(port1, message));
    // The server lives as long as something else needs it.
    port1.unref();
    tell(port1, { kind: 'begin', environment: this.#options.environment, streams: this.#streams });
    return port2;
  }

  setStreams(streams: readonly StreamDescription[]): void {
    this.#streams = streams;
    for (const port of this.#ports) tell(port, { kind: 'streams', streams });
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }

  #onMessage(port: MessagePort, message: ThreadMessage): void {
    switch (message.kind) {
      case 'open':
        this.#open(port, message);
        return;
      case 'metrics':
        this.#options.onMetrics(message.metrics);
        return;
      case 'log':
        this.#options.logger[message.level](message.fields, message.message);
    }
  }

  #open(thread: MessagePort, { id, plugin, pipe }: ThreadMessage & { readonly kind: 'open' }): void {
    const stage = ++this.#lastStage;
    const { port1, port2 } = new MessageChannel();
    try {
      const now = this.#options.serve(plugin, stage, port1, pipe, (end) => tell(thread, { kind: 'ended', stage, end }));
      tell(thread, { kind: 'opened', id, stage, plugin: now, port: port2 }, [port2]);
    } catch (error) {
      port1.close();
      tell(thread, { kind: 'refused', id, error: serializeError(error as MillraceError) });
    }
  }
}

function tell(port: MessagePort, message: HostMessage, transfer: readonly MessagePort[] = []): void {
  port.postMessage(message, transfer);
}
