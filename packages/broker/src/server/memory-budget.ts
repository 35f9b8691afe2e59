/** Less is not worth an answer of its own, unless less is asked for. */
const grantMin = 1024 * 1024;
/** One answer takes at most this share of what is free, so that the next ones find something too. */
const shareMax = 1 / 4;

interface Waiter {
  readonly wanted: number;
  readonly grant: (bytes: number) => void;
}

/**
 * The memory that the answers of all connections together may hold. Whoever wants some gets a share of what is free, smaller the less
 * there is; where nearly nothing is free he waits his turn.
 */
export class MemoryBudget {
  readonly #bytesMax: number;
  #used = 0;
  #waiters: Waiter[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes in use and granted. */
  get used(): number {
    return this.#used;
  }

  /** True while somebody waits. */
  get isShort(): boolean {
    return this.#waiters.length > 0;
  }

  /**
   * Takes up to `wanted` bytes; give back with {@link release} what is granted.
   * @param signal lets a wait end with nothing.
   */
  grant(wanted: number, signal: AbortSignal): number | Promise<number> {
    if (wanted <= 0) return 0;
    if (this.#waiters.length === 0 && this.#fits(wanted)) return this.#take(wanted);
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve(0);
        this.#wake();
      };
      const waiter = {
        wanted,
        grant: (bytes: number) => {
          signal.removeEventListener('abort', onAbort);
          resolve(bytes);
        },
      };
      signal.addEventListener('abort', onAbort);
      this.#waiters.push(waiter);
    });
  }

  /** Takes what cannot be refused: a batch that is larger than what was granted. */
  force(bytes: number): void {
    this.#used += bytes;
  }

  release(bytes: number): void {
    this.#used -= bytes;
    this.#wake();
  }

  #fits(wanted: number): boolean {
    return this.#used === 0 || this.#bytesMax - this.#used >= Math.min(wanted, grantMin);
  }

  #take(wanted: number): number {
    const free = Math.max(0, this.#bytesMax - this.#used);
    const granted = Math.min(wanted, Math.max(grantMin, Math.floor(free * shareMax)));
    this.#used += granted;
    return granted;
  }

  #wake(): void {
    for (let next = this.#waiters[0]; next !== undefined && this.#fits(next.wanted); next = this.#waiters[0]) {
      this.#waiters.shift();
      next.grant(this.#take(next.wanted));
    }
  }
}
