import type { MessagePort } from 'node:worker_threads';
import type { Clock, Logger } from '@millrace/core';
import type { StreamDescription } from '@millrace/sdk';
import type { ExportDescription } from './plugin-description.ts';
import type { PluginMetric, StageEnvironment } from './stage-environment.ts';
import { PackageWorker } from './worker/package-worker.ts';
import type { StageEnd } from './worker/remote-stage.ts';

export interface PackageWorkersOptions {
  readonly environment: StageEnvironment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onMetrics: (metrics: readonly PluginMetric[]) => void;
}

/** The workers of packages: one for each that has stages, in the version that is installed. */
export class PackageWorkers {
  readonly #options: PackageWorkersOptions;
  readonly #current = new Map<string, PackageWorker>();
  readonly #all = new Set<PackageWorker>();
  #streams: readonly StreamDescription[] = [];
  #isClosed = false;

  constructor(options: PackageWorkersOptions) {
    this.#options = options;
  }

  /** What a module exports. @param key tells packages and versions apart @throws {MillraceError} PLUGIN_INVALID */
  describe(key: string, origin: string, module: string): Promise<readonly ExportDescription[]> {
    this.#current.get(key)?.replace();
    const worker = this.#start(origin);
    this.#current.set(key, worker);
    return worker.describe(module);
  }

  /** Runs a stage in the worker of its package, which is started if there is none. */
  serve(key: string, origin: string, stage: number, port: MessagePort, pipe: string, onEnd: (end: StageEnd) => void): void {
    this.#worker(key, origin).serve(stage, port, pipe, onEnd);
  }

  /** Lets go of the workers of packages that are not there any more, or in another version. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, worker] of this.#current) {
      if (keys.has(key)) continue;
      this.#current.delete(key);
      worker.replace();
    }
  }

  setStreams(streams: readonly StreamDescription[]): void {
    this.#streams = streams;
    for (const worker of this.#all) worker.setStreams(streams);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #worker(key: string, origin: string): PackageWorker {
    const known = this.#current.get(key);
    if (known?.isEnding === false) return known;
    const worker = this.#start(origin);
    this.#current.set(key, worker);
    return worker;
  }

  #start(origin: string): PackageWorker {
    const { environment, clock, logger, onMetrics } = this.#options;
    const worker: PackageWorker = new PackageWorker({
      origin,
      environment,
      streams: this.#streams,
      clock,
      logger,
      onMetrics,
      onGone: () => {
        this.#all.delete(worker);
        for (const [key, each] of this.#current) if (each === worker) this.#current.delete(key);
      },
    });
    this.#all.add(worker);
    if (this.#isClosed) void worker.terminate();
    return worker;
  }
}
