import type { MessagePort } from 'node:worker_threads';
import type { Clock, Logger, Random } from '@millrace/core';
import type { StageOpener } from '../stage/stage.ts';
import type { PipeRequest } from '../task/pipe-request.ts';
import type { RunningPipe } from './running-pipe.ts';

/** Where the stages of pipes come from: what the plugin host is to the engine. */
export interface PipePlugins {
  /** For pipes in this thread. */
  readonly stages: StageOpener;
  /**
   * For pipes in a new thread: it imports the module, whose `openStages(port)` gives its {@link StageOpener} (or a promise of it).
   * The port is closed with the thread.
   */
  connect(): { readonly module: string; readonly port: MessagePort };
}

export interface PipeEngineOptions {
  readonly plugins: PipePlugins;
  /** Runs pipes in the calling thread instead of workers: for tests. */
  readonly inProcess?: boolean;
  /** Most worker threads (`pipe_subtask_executor_max_thread_num`, 5 without it); never more than half the processors, at least one. */
  readonly threads?: number;
  readonly logger?: Logger;
  /** Of pipes in process; threads have the system's. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Runs pipes, in worker threads that are started when they are needed. Pipes whose connectors are equal share a thread. */
export declare class PipeEngine {
  constructor(options: PipeEngineOptions);
  /** The pipes that run, by name. */
  get pipes(): ReadonlyMap<string, RunningPipe>;
  /** Starts a pipe. What goes wrong, the pipe itself tells (`ready`, `done`). A thread that dies is no end: its pipes go on in another. */
  start(request: PipeRequest): RunningPipe;
  /** Stops all pipes, what is delivered committed, and waits until their groups, stages and threads are gone. */
  close(): Promise<void>;
}
