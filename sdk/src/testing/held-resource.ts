/** What `open` of a plugin has given, while it is open. */
export class HeldResource<R> {
  readonly #open: (signal: AbortSignal) => R | Promise<R>;
  readonly #close: (resource: R) => void | Promise<void>;
  #abort = new AbortController();
  #held: Promise<R> | undefined;

  constructor(open: (signal: AbortSignal) => R | Promise<R>, close: (resource: R) => void | Promise<void>) {
    this.#open = open;
    this.#close = close;
  }

  /** Aborted by the next {@link close}. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Opens it if it is not; those who ask meanwhile get the same. */
  get(): Promise<R> {
    if (this.#held !== undefined) return this.#held;
    const opening = (async () => this.#open(this.#abort.signal))();
    this.#held = opening;
    opening.catch(() => {
      if (this.#held === opening) this.#held = undefined;
    });
    return opening;
  }

  /** Ends what is going on, and closes what is open. @param times how often `close` is called */
  async close(times = 1): Promise<void> {
    const held = this.#held;
    this.#abort.abort();
    this.forget();
    const opened = await held?.then(
      (resource) => ({ resource }),
      () => undefined,
    );
    for (let time = 0; opened !== undefined && time < times; time++) await this.#close(opened.resource);
  }

  /** Leaves it open for ever. */
  forget(): void {
    this.#abort = new AbortController();
    this.#held = undefined;
  }
}
