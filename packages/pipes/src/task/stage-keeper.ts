import { asMillraceError, type Clock, delay, type Logger, type MillraceError, unlessAborted } from '@millrace/core';
import type { StageKind } from '@millrace/sdk';
import { failureOf } from '../host/stages/hook-failure.ts';

/** Tries of an event that a hook throws at. */
export const maxTries = 5;
/** Tries to reach a target again; before the n-th it is waited n seconds. */
const maxReconnects = 5;
const reconnectStepMs = 1000;
/** Before the n-th try that follows a throw it is waited n times as long. */
export const errorStepMs = 100;

interface Closable {
  close(): Promise<void>;
}

/** What a keeper uses of its surroundings. */
export interface KeeperContext {
  /** {@link StageKeeper.signal} in the beginning. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when the stage is waited for, and why; null when it works again. */
  readonly onWaiting: (reason: string | null) => void;
  readonly counts: StageCounts;
}

/** What has gone wrong with a stage. */
export interface StageCounts {
  retries: number;
  errors: number;
}

/** A stage that is open, or is being opened; its life ends when it is closed. */
interface Opening<S> {
  readonly stage: Promise<S>;
  readonly life: AbortController;
}

/** Keeps a stage open: opens it when it is needed, and again when its target was lost or its code has changed. */
export class StageKeeper<S extends Closable> {
  readonly kind: StageKind;
  readonly plugin: string;
  readonly #open: (signal: AbortSignal) => Promise<S>;
  readonly #context: KeeperContext;
  /** Ends all waiting: for calls, and for the target. */
  signal: AbortSignal;
  #opening: Opening<S> | undefined;
  /** In a row. */
  #outages = 0;
  /** Calls that fail together wait together, and count once. */
  #pause: Promise<void> | undefined;

  constructor(kind: StageKind, plugin: string, open: (signal: AbortSignal) => Promise<S>, context: KeeperContext) {
    this.kind = kind;
    this.plugin = plugin;
    this.#open = open;
    this.#context = context;
    this.signal = context.signal;
  }

  /** True while its target is away. */
  get isWaiting(): boolean {
    return this.#pause !== undefined;
  }

  /** Opens it, if need be again and again. @throws as {@link call} */
  opened(): Promise<S> {
    return this.call(async (stage) => stage, 1);
  }

  /**
   * Calls it, and again: as long as the target is away or asks for time, within a bound; and where it has thrown anything else, up to
   * `tries` times.
   * @param from number of the first try
   * @throws {MillraceError} PLUGIN_FAILED with what the last call has failed with; the reason of the signal
   */
  async call<T>(run: (stage: S, attempt: number) => Promise<T>, tries: number, from = 1): Promise<T> {
    for (let attempt = from; ; ) {
      const { signal } = this;
      signal.throwIfAborted();
      const opening = this.#ensure(signal);
      try {
        const result = await unlessAborted(run(await opening.stage, attempt), signal);
        this.#works();
        return result;
      } catch (thrown) {
        signal.throwIfAborted();
        const error = asMillraceError(thrown);
        // It was given up by who has opened it.
        if (opening.life.signal.aborted && failureOf(error) === undefined) this.#forget(opening);
        else attempt += await this.#afterFailure(error, opening, attempt - from + 1 >= tries, attempt);
      }
    }
  }

  /** Calls it once, and again only where the call has not reached it. @throws {MillraceError} PLUGIN_FAILED; the reason of the signal */
  async once<T>(run: (stage: S, attempt: number) => Promise<T>, attempt: number): Promise<T> {
    const stage = await this.opened();
    try {
      return await unlessAborted(run(stage, attempt), this.signal);
    } catch (thrown) {
      const cause = failureOf(thrown)?.cause;
      if (cause !== 'bad-record' && cause !== 'error') await this.close();
      this.#context.counts.errors++;
      throw thrown;
    }
  }

  /** Closes it; a later call opens it again. Never fails. */
  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    try {
      await (await opening?.stage)?.close();
    } catch (error) {
      this.#context.logger.debug({ plugin: this.plugin, error: String(error) }, 'a stage did not close');
    }
    opening?.life.abort();
  }

  /** The stage lives on when the signal of a run is aborted, unless it is still being opened then. */
  #ensure(signal: AbortSignal): Opening<S> {
    if (this.#opening !== undefined) return this.#opening;
    const life = new AbortController();
    const giveUp = () => life.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    const stage = unlessAborted(this.#open(life.signal), life.signal);
    const opening = { stage, life };
    this.#opening = opening;
    stage.then(
      () => signal.removeEventListener('abort', giveUp),
      () => this.#forget(opening),
    );
    return opening;
  }

  /** @returns by how much the number of the try grows. @throws the failure, where it is not to be tried again */
  async #afterFailure(error: MillraceError, opening: Opening<S>, isLast: boolean, attempt: number): Promise<0 | 1> {
    const { signal } = this;
    const { clock } = this.#context;
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    const { cause, hook, row, afterMs } = failure;
    if (cause === 'neighbour' || cause === 'replaced') {
      this.#forget(opening);
      return 0;
    }
    this.#context.counts.errors++;
    const isOpening = hook === 'open' && (cause === 'error' || cause === 'bad-record');
    if (cause === 'not-connected' || cause === 'retryable' || isOpening) {
      if (cause !== 'retryable') this.#forget(opening);
      await (this.#pause ??= this.#paused(error, afterMs ?? 0));
      return 0;
    }
    if (cause !== 'error' || row !== undefined || isLast) throw error;
    this.#context.counts.retries++;
    await delay(clock, attempt * errorStepMs, signal);
    return 1;
  }

  #works(): void {
    if (this.#outages > 0) this.#context.onWaiting(null);
    this.#outages = 0;
  }

  async #paused(error: MillraceError, afterMs: number): Promise<void> {
    const { signal } = this;
    const { clock, logger, onWaiting } = this.#context;
    try {
      if (++this.#outages > maxReconnects) {
        this.#outages = 0;
        throw error;
      }
      this.#context.counts.retries++;
      onWaiting(error.message);
      if (this.#outages === 1) logger.warn({ stage: this.kind, plugin: this.plugin, error: error.message }, 'the stage is tried again');
      await delay(clock, Math.max(afterMs, this.#outages * reconnectStepMs), signal);
    } finally {
      this.#pause = undefined;
    }
  }

  #forget(opening: Opening<S>): void {
    if (this.#opening === opening) void this.close();
  }
}
