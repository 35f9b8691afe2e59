/** Smaller pieces are cheap to allocate and to collect. */
const pooledSizeMin = 64 * 1024;
/** Free memory that is kept for reuse. */
const freeBytesMax = 64 * 1024 * 1024;

/**
 * Large buffers, used again: allocating each megabyte anew costs more than reading it from the page cache.
 * Sizes are rounded up to powers of two.
 */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  /** Memory for one request. */
  lease(): Lease {
    return new Lease(this);
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
  readonly #taken: Buffer[] = [];

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  readonly allocate = (size: number): Buffer => {
    if (size < pooledSizeMin) return Buffer.allocUnsafe(size);
    const buffer = this.#pool.take(2 ** Math.ceil(Math.log2(size)));
    this.#taken.push(buffer);
    return buffer.subarray(0, size);
  };

  release(): void {
    for (const buffer of this.#taken.splice(0)) this.#pool.giveBack(buffer);
  }
}
