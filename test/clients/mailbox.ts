import type { ReadRecord } from './foreign-client.ts';

/** Where a consumer that runs by itself puts what it reads, for tests that ask for it. */
export class Mailbox {
  /** Behind what was taken, by partition. */
  readonly positions = new Map<number, number>();
  #records: ReadRecord[] = [];
  #wake: () => void = () => {};

  put(record: ReadRecord): void {
    this.#records.push(record);
    this.#wake();
  }

  /** All that is there, or comes within the time. */
  async takeSome(withinMs: number): Promise<ReadRecord[]> {
    if (this.#records.length === 0) await this.#change(withinMs);
    return this.#take(this.#records.length);
  }

  /** All up to the record that satisfies. @throws if it has not come in time. */
  async takeUntil(isLast: (record: ReadRecord) => boolean, withinMs = 40_000): Promise<ReadRecord[]> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const found = this.#records.findIndex(isLast);
      if (found >= 0) return this.#take(found + 1);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`the last record did not come: ${JSON.stringify(this.#records)}`);
      await this.#change(leftMs);
    }
  }

  #take(count: number): ReadRecord[] {
    const taken = this.#records.splice(0, count);
    for (const { partition, offset } of taken) this.positions.set(partition, offset + 1);
    return taken;
  }

  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
