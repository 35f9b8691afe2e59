import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Looks between two collections that are asked for: each of them takes a while. */
const looksBetween = 40;

/** What a worker holds, heap and buffers together. */
export class MemoryUse {
  readonly #mostBytes: number;
  readonly #collect: () => void;
  #looksLeft = 0;

  constructor(mostMb: number) {
    this.#mostBytes = mostMb * 1024 * 1024;
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as () => void;
  }

  /** True if it holds more than it may. What nobody refers to does not count: where it looks like too much, that is collected first. */
  isTooMuch(): boolean {
    if (this.#looksLeft > 0) this.#looksLeft--;
    if (this.#looksLeft > 0 || !this.#isOver()) return false;
    this.#collect();
    this.#looksLeft = looksBetween;
    return this.#isOver();
  }

  #isOver(): boolean {
    const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics();
    return heap + buffers > this.#mostBytes;
  }
}
