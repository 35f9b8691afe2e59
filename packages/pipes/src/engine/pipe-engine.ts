import { assert, type Clock, type Logger, type Random, silentLogger, systemClock, systemRandom } from '@millrace/core';
import type { StageLink, StagePorts } from '../host/stage-environment.ts';
import type { StageOpener } from '../stage/stage.ts';
import type { PipeRequest } from '../task/pipe-request.ts';
import { PipeHost } from './pipe-host.ts';
import { RunningPipe } from './running-pipe.ts';

/** Where the stages of pipes come from: the plugin host. */
export interface PipePlugins {
  /** Called once for each thread. */
  attach(): StageLink;
}

/** Opens the stages of a thread. */
export type OpenStages = (link: StageLink, ports: StagePorts) => StageOpener & { close(): Promise<void> };

export interface PipeEngineOptions {
  readonly plugins: PipePlugins;
  /** Runs pipes in the calling thread instead of workers, with stages from here: for tests. */
  readonly inProcess?: OpenStages;
  readonly logger?: Logger;
  /** Of pipes in process; threads have the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Runs pipes. */
export class PipeEngine {
  readonly #pipes = new Map<string, RunningPipe>();
  readonly #host: PipeHost;
  readonly #stages: ReturnType<OpenStages>;

  constructor({ plugins, inProcess, logger = silentLogger, clock = systemClock, random = systemRandom }: PipeEngineOptions) {
    const ports = { logger, clock, random };
    this.#stages = inProcess!(plugins.attach(), ports);
    this.#host = new PipeHost(this.#stages, ports);
  }

  /** The pipes that run, by name. */
  get pipes(): ReadonlyMap<string, RunningPipe> {
    return this.#pipes;
  }

  /** Starts a pipe. What goes wrong, the pipe itself tells (`ready`, `done`). */
  start(request: PipeRequest): RunningPipe {
    assert(!this.#pipes.has(request.pipe), `the pipe "${request.pipe}" runs already`);
    const pipe = new RunningPipe(request.pipe);
    this.#pipes.set(request.pipe, pipe);
    const forget = () => this.#pipes.delete(request.pipe);
    pipe.done.then(forget, forget);
    const hosted = this.#host.start(request, pipe);
    pipe.begin({ ...hosted, statistics: async () => hosted.statistics() });
    return pipe;
  }

  /** Stops all pipes, what is delivered committed, and waits until their groups and stages are gone. */
  async close(): Promise<void> {
    await Promise.all([...this.#pipes.values()].map((pipe) => pipe.stop().catch(() => {})));
    await this.#host.close();
    await this.#stages.close();
  }
}
