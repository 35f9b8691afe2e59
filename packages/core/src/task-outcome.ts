import type { MillraceError } from './errors.ts';

/** How a task that somebody else runs gets on, as its owner sees it. */
export class TaskOutcome {
  /** Resolves when the task is ready; rejects if it fails before. */
  readonly ready: Promise<void>;
  /** Resolves when it was stopped; rejects with what ended it. */
  readonly done: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();

  constructor() {
    this.ready = this.#ready.promise;
    this.done = this.#done.promise;
    // Who does not look at one of them is told by the other.
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  /** Called by who runs it. */
  onReady(): void {
    this.#ready.resolve();
  }

  /** Called by who runs it, once. */
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
