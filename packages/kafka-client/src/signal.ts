/** Wakes all who wait for "something has changed": they look for themselves whether it matters to them. */
export class ChangeSignal {
  /** Made for the first who waits: most changes have nobody who does. */
  #next: PromiseWithResolvers<void> | undefined;

  /** Resolves at the next {@link notify}. */
  wait(): Promise<void> {
    this.#next ??= Promise.withResolvers();
    return this.#next.promise;
  }

  notify(): void {
    this.#next?.resolve();
    this.#next = undefined;
  }
}
