import { type Clock, delay, MillraceError, type Random } from '@millrace/core';

export interface RetryContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Ends all waiting. */
  readonly signal?: AbortSignal | undefined;
}

const firstMs = 50;
const maxMs = 1000;

/** Waits longer from time to time: 50 ms, doubled up to a second, each shortened by up to a half at random. */
export class BackOff {
  readonly #context: RetryContext;
  #nextMs = firstMs;

  constructor(context: RetryContext) {
    this.#context = context;
  }

  reset(): void {
    this.#nextMs = firstMs;
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
