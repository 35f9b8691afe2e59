/**
 * A first-in-first-out queue with a bound on the summed weight of what it holds: the producer waits when it is full.
 * One item heavier than the bound is still taken when the queue is empty, so that nothing can be stuck.
 */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #weigh: (item: T) => number;
  #items: T[] = [];
  #weight = 0;
  #closed = false;
  #failure: unknown;
  #takers: (() => void)[] = [];
  #putters: (() => void)[] = [];

  constructor(capacity: number, weigh: (item: T) => number = () => 1) {
    this.#capacity = capacity;
    this.#weigh = weigh;
  }

  get size(): number {
    return this.#items.length;
  }

  get weight(): number {
    return this.#weight;
  }

  /** Resolves when the item is in; false if the queue was closed first. */
  async put(item: T): Promise<boolean> {
    const weight = this.#weigh(item);
    while (!this.#closed && this.#items.length > 0 && this.#weight + weight > this.#capacity) {
      await new Promise<void>((wake) => this.#putters.push(wake));
    }
    if (this.#closed) return false;
    this.#items.push(item);
    this.#weight += weight;
    this.#takers.shift()?.();
    return true;
  }

  /** The next item, or undefined when the queue is closed and empty. @throws what {@link fail} was given, after the items before it. */
  async take(): Promise<T | undefined> {
    while (this.#items.length === 0) {
      if (this.#closed) {
        if (this.#failure !== undefined) throw this.#failure;
        return undefined;
      }
      await new Promise<void>((wake) => this.#takers.push(wake));
    }
    const item = this.#items.shift()!;
    this.#weight -= this.#weigh(item);
    this.#putters.shift()?.();
    return item;
  }

  /** No more items: takers get what is left, then undefined. */
  close(): void {
    this.#closed = true;
    for (const wake of [...this.#takers.splice(0), ...this.#putters.splice(0)]) wake();
  }

  /** Like {@link close}, but takers get the error once the items are gone. */
  fail(failure: unknown): void {
    this.#failure ??= failure;
    this.close();
  }
}
