import type { Clock, Timer } from './clock.ts';
import { MillraceError } from './errors.ts';

/** One part of a running process: opened in order, closed in reverse. */
export interface Part {
  readonly name: string;
  open(): Promise<void> | void;
  close(): Promise<void> | void;
  /** How long opening and closing may take each; default 10,000. */
  readonly deadlineMs?: number;
}

/** How long each part took to open: the boot tree. */
export interface BootTime {
  readonly name: string;
  readonly openMs: number;
}

/**
 * Opens parts in order and closes them in reverse, each with a deadline.
 * If one fails to open, those before it are closed again and the failure is thrown.
 * Closing goes on past a part that fails; the first failure is thrown at the end.
 */
export class Lifecycle {
  readonly #clock: Clock;
  readonly #opened: Part[] = [];
  readonly #bootTimes: BootTime[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get bootTimes(): readonly BootTime[] {
    return this.#bootTimes;
  }

  async open(part: Part): Promise<void> {
    const startMs = this.#clock.monotonic();
    try {
      await this.#withinDeadline(part, 'open');
    } catch (failure) {
      await this.close().catch(() => {});
      throw failure;
    }
    this.#bootTimes.push({ name: part.name, openMs: this.#clock.monotonic() - startMs });
    this.#opened.push(part);
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let part = this.#opened.pop(); part !== undefined; part = this.#opened.pop()) {
      await this.#withinDeadline(part, 'close').catch((failure: unknown) => failures.push(failure));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #withinDeadline(part: Part, action: 'open' | 'close'): Promise<void> {
    const deadlineMs = part.deadlineMs ?? 10_000;
    let timer: Timer | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = this.#clock.setTimer(deadlineMs, () => {
        reject(new MillraceError('LIFECYCLE_TIMED_OUT', `${part.name} did not ${action} within ${deadlineMs} ms`));
      });
    });
    try {
      await Promise.race([Promise.resolve(part[action]()), expired]);
    } finally {
      timer?.cancel();
    }
  }
}
