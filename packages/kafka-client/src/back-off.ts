import { type Clock, delay, MillraceError, type Random } from '@millrace/core';

export interface RetryContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Ends all waiting. */
  readonly signal?: AbortSignal | undefined;
  /** The first wait; default 50. */
  readonly firstDelayMs?: number;
}

const defaultFirstMs = 50;
const maxMs = 1000;

/** Waits longer from time to time: 50 ms (or what the context says), doubled up to a second, each shortened by up to a half at random. */
export class BackOff {
  readonly #context: RetryContext;
  #nextMs: number;

  constructor(context: RetryContext) {
    this.#context = context;
    this.#nextMs = context.firstDelayMs ?? defaultFirstMs;
  }

  reset(): void {
    this.#nextMs = this.#context.firstDelayMs ?? defaultFirstMs;
  }

  /** @throws the signal's reason. */
  async wait(): Promise<void> {
    const { clock, random, signal } = this.#context;
    const waitMs = this.#nextMs * (0.5 + 0.5 * random.float());
    this.#nextMs = Math.min(maxMs, this.#nextMs * 2);
    await delay(clock, waitMs, signal);
  }
}

/**
 * Tries again while `action` fails with an error that is retryable, until `timeoutMs` is over; then throws the last error.
 * @param beforeRetry is told the error, e.g. to refresh metadata.
 */
export async function retry<T>(
  context: RetryContext,
  timeoutMs: number,
  action: () => Promise<T>,
  beforeRetry: (error: MillraceError) => void = () => {},
): Promise<T> {
  const deadlineMs = context.clock.monotonic() + timeoutMs;
  const backOff = new BackOff(context);
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isRetryable(error) || context.clock.monotonic() >= deadlineMs) throw error;
      beforeRetry(error);
      await backOff.wait();
    }
  }
}

export function isRetryable(error: unknown): error is MillraceError {
  return error instanceof MillraceError && error.retryable;
}
