import { availableParallelism } from 'node:os';
import type { Clock, Logger, Timer } from '@millrace/core';
import { sharingKey } from '../host/local-stages.ts';
import type { PipeRequest } from '../task/pipe-request.ts';
import { noPipeStatistics } from '../task/pipe-statistics.ts';
import type { PipePlugins } from './pipe-plugins.ts';
import { PipeThread } from './pipe-thread.ts';
import type { RemotePipe, RunningPipe } from './running-pipe.ts';

const firstDelayMs = 500;
const maxDelayMs = 30_000;
/** A thread that has lasted so long has not died of what it was given. */
const lastingMs = 60_000;

/** A pipe of the pool. */
interface Pooled {
  readonly request: PipeRequest;
  readonly pipe: RunningPipe;
  readonly sharing: string;
  thread: PipeThread | undefined;
}

/**
 * A fixed number of threads, each started when it is first needed. A pipe goes to where another with an equal connector is, so that they
 * share one, else to the one with the fewest. The pipes of a thread that has died go on in another.
 */
export class ThreadPool {
  readonly #plugins: PipePlugins;
  readonly #size: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #threads = new Set<PipeThread>();
  readonly #pooled = new Set<Pooled>();
  readonly #restarts = new Set<Timer>();
  #delayMs = firstDelayMs;
  #isClosing = false;

  /** @param threads most threads; never more than half the processors, at least one */
  constructor(plugins: PipePlugins, threads: number, clock: Clock, logger: Logger) {
    this.#plugins = plugins;
    this.#size = Math.max(1, Math.min(threads, Math.floor(availableParallelism() / 2)));
    this.#clock = clock;
    this.#logger = logger;
  }

  start(request: PipeRequest, pipe: RunningPipe): void {
    const pooled: Pooled = { request, pipe, sharing: sharingKey(request.connector), thread: undefined };
    this.#pooled.add(pooled);
    const forget = () => this.#pooled.delete(pooled);
    pipe.done.then(forget, forget);
    this.#begin(pooled);
  }

  /** Ends the threads; the pipes must have been stopped. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#restarts) timer.cancel();
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  #begin(pooled: Pooled): void {
    pooled.thread = this.#threadFor(pooled);
    pooled.pipe.begin(pooled.thread.start(pooled.request, pooled.pipe));
  }

  #threadFor({ sharing }: Pooled): PipeThread {
    for (const other of this.#pooled) if (other.sharing === sharing && other.thread !== undefined) return other.thread;
    const least = [...this.#threads].toSorted((a, b) => a.load - b.load)[0];
    if (least !== undefined && (least.load === 0 || this.#threads.size >= this.#size)) return least;
    return this.#newThread();
  }

  #newThread(): PipeThread {
    const startedMs = this.#clock.monotonic();
    const thread: PipeThread = new PipeThread(this.#plugins.connect(), this.#logger, {
      onDied: (reason) => this.#onDied(thread, reason, this.#clock.monotonic() - startedMs),
    });
    this.#threads.add(thread);
    return thread;
  }

  #onDied(thread: PipeThread, reason: string, lastedMs: number): void {
    this.#threads.delete(thread);
    const orphans = [...this.#pooled].filter((pooled) => pooled.thread === thread);
    for (const orphan of orphans) {
      orphan.thread = undefined;
      orphan.pipe.begin(nowhere(orphan.pipe));
    }
    if (this.#isClosing) return;
    if (lastedMs > lastingMs) this.#delayMs = firstDelayMs;
    this.#logger.error({ reason, pipes: orphans.map(({ request }) => request.pipe) }, 'a thread of pipes has died; they go on in another');
    const timer = this.#clock.setTimer(this.#delayMs, () => {
      this.#restarts.delete(timer);
      for (const orphan of orphans) if (this.#pooled.has(orphan)) this.#begin(orphan);
    });
    this.#restarts.add(timer);
    this.#delayMs = Math.min(this.#delayMs * 2, maxDelayMs);
  }
}

/** A pipe between two threads: what it has done is committed, or is done again. */
function nowhere(pipe: RunningPipe): RemotePipe {
  return { stop: () => pipe.onEnd(null), setStreams: () => {}, statistics: async () => ({ ...noPipeStatistics, state: 'waiting' }) };
}
