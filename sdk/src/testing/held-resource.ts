/** What `open` of a plugin has given, while it is open. */
export class HeldResource<R> {
  readonly #open: (signal: AbortSignal) => R | Promise<R>;
  readonly #close: (resource: R) => void | Promise<void>;
  #abort = new AbortController();
  #held: { readonly resource: R } | undefined;

  constructor(open: (signal: AbortSignal) => R | Promise<R>, close: (resource: R) => void | Promise<void>) {
    this.#open = open;
    this.#close = close;
  }

  /** Aborted by the next {@link close}. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Opens it if it is not. */
  async get(): Promise<R> {
    this.#held ??= { resource: await this.#open(this.#abort.signal) };
    return this.#held.resource;
  }

  /** Ends what is going on, and closes what is open. @param times how often `close` is called */
  async close(times = 1): Promise<void> {
    const held = this.#held;
    this.#abort.abort();
    this.forget();
    for (let time = 0; held !== undefined && time < times; time++) await this.#close(held.resource);
  }

  /** Leaves it open for ever. */
  forget(): void {
    this.#abort = new AbortController();
    this.#held = undefined;
  }
}
