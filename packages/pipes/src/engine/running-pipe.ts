import type { StreamDefinition } from '@millrace/catalog';
import { type MillraceError, TaskOutcome } from '@millrace/core';
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

/**
 * A pipe that runs in this server, as its owner sees it. `ready` when its stages are open and its first positions are fixed, or other
 * servers have all partitions; `done` rejects with what ended it (PIPE_FAILED says plugin, hook and cause). Brokers that are away do not.
 */
export class RunningPipe extends TaskOutcome implements PipeEvents {
  readonly pipe: string;
  #remote: RemotePipe | undefined;
  #streams: readonly StreamDefinition[] | undefined;
  #isStopping = false;

  constructor(pipe: string) {
    super();
    this.pipe = pipe;
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
}
