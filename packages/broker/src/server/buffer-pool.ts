import { MemoryBudget } from './memory-budget.ts';

/** Smaller pieces are cheap to allocate and to collect. */
const pooledSizeMin = 64 * 1024;
/** Free memory that is kept for reuse. */
const freeBytesMax = 64 * 1024 * 1024;

/**
 * Large buffers, used again: allocating each megabyte anew costs more than reading it from the page cache.
 * Sizes are rounded up to powers of two. What is out is bounded, over all who share the pool.
 */
export class BufferPool {
  readonly budget: MemoryBudget;
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  constructor(bytesMax = Number.POSITIVE_INFINITY) {
    this.budget = new MemoryBudget(bytesMax);
  }

  /** Memory for one request. @param signal ends a wait for memory. */
  lease(signal: AbortSignal): Lease {
    return new Lease(this, signal);
  }

  take(capacity: number): Buffer {
    const buffer = this.#free.get(capacity)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(capacity);
    this.#freeBytes -= capacity;
    return buffer;
  }

  giveBack(buffer: Buffer): void {
    if (this.#freeBytes + buffer.length > freeBytesMax) return;
    this.#freeBytes += buffer.length;
    const buffers = this.#free.get(buffer.length);
    if (buffers === undefined) this.#free.set(buffer.length, [buffer]);
    else buffers.push(buffer);
  }
}

/** Allocates until it is released; then nothing that it gave out may be touched any more. */
export class Lease {
  readonly #pool: BufferPool;
  readonly #signal: AbortSignal;
  readonly #taken: Buffer[] = [];
  /** Granted, and not allocated yet. */
  #granted = 0;
  #heldBytes = 0;

  constructor(pool: BufferPool, signal: AbortSignal) {
    this.#pool = pool;
    this.#signal = signal;
  }

  /** Bytes that it gave out. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Asks for memory before it is allocated.
   * @returns how much of it may be used: less where memory is short, after a wait where there is none; 0 if the client is gone meanwhile.
   */
  readonly reserve = (wanted: number): number | Promise<number> => {
    const granted = this.#pool.budget.grant(wanted, this.#signal);
    if (granted instanceof Promise) return granted.then((bytes) => this.#take(bytes));
    return this.#take(granted);
  };

  readonly allocate = (size: number): Buffer => {
    if (size < pooledSizeMin) {
      this.#hold(size);
      return Buffer.allocUnsafe(size);
    }
    const buffer = this.#pool.take(2 ** Math.ceil(Math.log2(size)));
    this.#hold(buffer.length);
    this.#taken.push(buffer);
    return buffer.subarray(0, size);
  };

  /** Gives back what was granted and not used; nothing is allocated afterwards. */
  settle(): void {
    const rest = this.#granted;
    this.#granted = 0;
    if (rest > 0) this.#pool.budget.release(rest);
  }

  release(): void {
    this.settle();
    for (const buffer of this.#taken.splice(0)) this.#pool.giveBack(buffer);
    const held = this.#heldBytes;
    this.#heldBytes = 0;
    if (held > 0) this.#pool.budget.release(held);
  }

  #take(granted: number): number {
    this.#granted += granted;
    return granted;
  }

  #hold(bytes: number): void {
    const covered = Math.min(bytes, this.#granted);
    this.#granted -= covered;
    this.#heldBytes += bytes;
    if (bytes > covered) this.#pool.budget.force(bytes - covered);
  }
}
