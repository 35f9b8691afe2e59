import { assert, type Clock, type Logger, type Random, silentLogger, systemClock, systemRandom } from '@millrace/core';
import type { PipeRequest } from '../task/pipe-request.ts';
import { PipeHost } from './pipe-host.ts';
import type { PipePlugins } from './pipe-plugins.ts';
import { RunningPipe } from './running-pipe.ts';
import { ThreadPool } from './thread-pool.ts';

export interface PipeEngineOptions {
  readonly plugins: PipePlugins;
  /** Most worker threads (`pipe_subtask_executor_max_thread_num`, 5 without it); never more than half the processors, at least one. */
  readonly threads?: number;
  /** Runs pipes in the calling thread instead of workers: for tests. */
  readonly inProcess?: boolean;
  readonly logger?: Logger;
  /** Of pipes in process; those in threads have the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
}

const defaultThreads = 5;

/** Runs pipes, in worker threads that are started when they are needed. Pipes whose connectors are equal share a thread. */
export class PipeEngine {
  readonly #pipes = new Map<string, RunningPipe>();
  readonly #run: (request: PipeRequest, pipe: RunningPipe) => void;
  readonly #close: () => Promise<void>;

  constructor(options: PipeEngineOptions) {
    const { plugins, threads = defaultThreads, logger = silentLogger, clock = systemClock, random = systemRandom } = options;
    if (!options.inProcess) {
      const pool = new ThreadPool(plugins, threads, clock, logger);
      this.#run = (request, pipe) => pool.start(request, pipe);
      this.#close = () => pool.close();
      return;
    }
    const host = new PipeHost(plugins.stages, { logger, clock, random });
    this.#run = (request, pipe) => {
      const hosted = host.start(request, pipe);
      pipe.begin({ ...hosted, statistics: async () => hosted.statistics() });
    };
    this.#close = () => host.close();
  }

  /** The pipes that run, by name. */
  get pipes(): ReadonlyMap<string, RunningPipe> {
    return this.#pipes;
  }

  /** Starts a pipe. What goes wrong, the pipe itself tells (`ready`, `done`). A thread that dies is no end: its pipes go on in another. */
  start(request: PipeRequest): RunningPipe {
    assert(!this.#pipes.has(request.pipe), `the pipe "${request.pipe}" runs already`);
    const pipe = new RunningPipe(request.pipe);
    this.#pipes.set(request.pipe, pipe);
    const forget = () => this.#pipes.delete(request.pipe);
    pipe.done.then(forget, forget);
    this.#run(request, pipe);
    return pipe;
  }

  /** Stops all pipes, what is delivered committed, and waits until their groups, stages and threads are gone. */
  async close(): Promise<void> {
    await Promise.all([...this.#pipes.values()].map((pipe) => pipe.stop().catch(() => {})));
    await this.#close();
  }
}
