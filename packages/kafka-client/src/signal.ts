/** Wakes all who wait for "something has changed": they look for themselves whether it matters to them. */
export class ChangeSignal {
  #next = Promise.withResolvers<void>();

  /** Resolves at the next {@link notify}. */
  wait(): Promise<void> {
    return this.#next.promise;
  }

  notify(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
