import { type Clock, MillraceError, type Timer } from '@millrace/core';
import { noStatistics, type QueryStatistics } from '../task/statistics.ts';
import type { TaskEvents } from './task-host.ts';
import type { RemoteTask } from './worker-host.ts';

/**
 * A query that runs, as its owner sees it.
 *
 * `output` must be taken by one taker; what is not taken holds the query back, and for longer than the bound on stalls ends it.
 */
export class RunningQuery implements TaskEvents {
  readonly queryId: string;
  /** Resolves when the start position is fixed: what is written to the streams from then on is seen. Rejects if the query fails before. */
  readonly ready: Promise<void>;
  /** Resolves when the query is over (its output may still wait to be taken); rejects with what ended it. */
  readonly done: Promise<QueryStatistics>;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<QueryStatistics>();
  #task: RemoteTask | undefined;
  #chunks: Buffer[] = [];
  #taker: (() => void) | undefined;
  #ended: { readonly error: MillraceError | null } | undefined;
  #stallTimer: Timer | undefined;
  #cancelled: MillraceError | undefined;

  /** @param start begins the task that tells this query. */
  constructor(queryId: string, clock: Clock, stallMs: number) {
    this.queryId = queryId;
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.ready = this.#ready.promise;
    this.done = this.#done.promise;
    // Who does not look at them is told by the other, or by the output.
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  /** Called once, by the engine. */
  begin(task: RemoteTask): void {
    this.#task = task;
    if (this.#cancelled !== undefined) task.cancel(this.#cancelled);
  }

  /** The encoded result, the header first. Throws what ended the query, after what came before. */
  get output(): AsyncIterable<Buffer> {
    return { [Symbol.asyncIterator]: () => this.#outputIterator() };
  }

  /** Ends the query: output and {@link done} then fail with this error. Nothing happens if it is over. */
  cancel(error: MillraceError): void {
    if (this.#ended !== undefined || this.#cancelled !== undefined) return;
    this.#cancelled = error;
    this.#task?.cancel(error);
  }

  /** Figures as they are now, or as they were at the end. */
  statistics(): Promise<QueryStatistics> {
    return this.#task?.statistics() ?? Promise.resolve(noStatistics);
  }

  onReady(): void {
    this.#ready.resolve();
  }

  onData(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#wakeTaker();
    if (this.#stallTimer === undefined) this.#expectTaker();
  }

  onEnd(error: MillraceError | null, statistics: QueryStatistics): void {
    this.#ended = { error };
    if (error === null) {
      this.#ready.resolve();
      this.#done.resolve(statistics);
    } else {
      this.#ready.reject(error);
      this.#done.reject(error);
    }
    this.#wakeTaker();
  }

  async *#outputIterator(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#expectTaker();
          yield chunk;
          this.#task?.grant(chunk.length);
          continue;
        }
        this.#stopExpecting();
        if (this.#ended?.error) throw this.#ended.error;
        if (this.#ended !== undefined) return;
        await new Promise<void>((resolve) => {
          this.#taker = resolve;
        });
      }
    } finally {
      this.#stopExpecting();
      // A taker that goes away takes the query with it.
      this.cancel(new MillraceError('QUERY_CANCELLED', 'the taker of the results has gone away'));
    }
  }

  #wakeTaker(): void {
    this.#taker?.();
    this.#taker = undefined;
  }

  /** From now on something waits to be taken: not longer than the bound. */
  #expectTaker(): void {
    this.#stopExpecting();
    this.#stallTimer = this.#clock.setTimer(
      this.#stallMs,
      () => {
        this.cancel(
          new MillraceError('QUERY_CLIENT_STALLED', `the client took no results for ${this.#stallMs} ms`, {
            details: { stallMs: this.#stallMs },
            hint: 'read faster, or set max_client_stall',
          }),
        );
      },
      { unref: true },
    );
  }

  #stopExpecting(): void {
    this.#stallTimer?.cancel();
    this.#stallTimer = undefined;
  }
}
