/** Memory that several hold: given back when the last of them lets go. Who never lets go leaves it to the garbage collector. */
export class Lease {
  readonly #onFree: () => void;
  #holders = 1;

  /** Held by its maker. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) this.#onFree();
  }
}
