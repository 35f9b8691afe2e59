import type { StreamDefinition } from '@millrace/catalog';
import type { MillraceError } from '@millrace/core';
import { noPipeStatistics, type PipeStatistics } from '../task/pipe-statistics.ts';

/** What a pipe in some thread tells. */
export interface PipeEvents {
  onReady(): void;
  /** The last call. */
  onEnd(error: MillraceError | null, statistics: PipeStatistics): void;
}

/** A pipe somewhere: in this thread or in another. */
export interface RemotePipe {
  stop(): void;
  setStreams(streams: readonly StreamDefinition[]): void;
  statistics(): Promise<PipeStatistics>;
}

/** A pipe that runs in this server, as its owner sees it. */
export class RunningPipe implements PipeEvents {
  readonly pipe: string;
  /** Resolves when its stages are open and its first positions are fixed, or other servers have all partitions. Rejects if it fails before. */
  readonly ready: Promise<void>;
  /** Resolves when it was stopped; rejects with what ended it (PIPE_FAILED says plugin, hook and cause). Brokers that are away do not. */
  readonly done: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  #remote: RemotePipe | undefined;
  #streams: readonly StreamDefinition[] | undefined;
  #isStopping = false;

  constructor(pipe: string) {
    this.pipe = pipe;
    this.ready = this.#ready.promise;
    this.done = this.#done.promise;
    // Who does not look at one of them is told by the other.
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  /** Called by the engine: once, and again when the thread that ran it has died. */
  begin(remote: RemotePipe): void {
    this.#remote = remote;
    if (this.#streams !== undefined) remote.setStreams(this.#streams);
    if (this.#isStopping) remote.stop();
  }

  /** Commits what is delivered and ends; progress is kept. May be called twice. @throws what it has failed with */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#remote?.stop();
    await this.done;
  }

  /** All streams that there are now: those that match and are new join, those that are gone are let go. */
  setStreams(streams: readonly StreamDefinition[]): void {
    this.#streams = streams;
    this.#remote?.setStreams(streams);
  }

  /** Figures as they are now, or as they were at the end. */
  statistics(): Promise<PipeStatistics> {
    return this.#remote?.statistics() ?? Promise.resolve(noPipeStatistics);
  }

  onReady(): void {
    this.#ready.resolve();
  }

  onEnd(error: MillraceError | null): void {
    if (error === null) {
      this.#ready.resolve();
      this.#done.resolve();
    } else {
      this.#ready.reject(error);
      this.#done.reject(error);
    }
  }
}
