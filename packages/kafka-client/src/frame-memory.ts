import type { FetchedPartition } from './ports.ts';

/** Smaller frames do not matter: they come from Node's pool, and are left to the garbage collector. */
const worthWhileBytes = 64 * 1024;
/** Sizes are rounded up to this, so that frames of about the same size fit the same memory. */
const granuleBytes = 64 * 1024;
/** One to receive into while the other is worked on. */
const maxFree = 2;

interface Frame {
  readonly memory: Buffer;
  /** Handed out and not released. */
  users: number;
}

/**
 * Memory of the responses of one reader, used again once all that was handed out of a response is released. Fresh memory for
 * each costs more than all else that is done to its bytes: it must be cleared, and the garbage collector runs for its sake.
 * What is never released is left to the garbage collector.
 */
export class FrameMemory {
  readonly #frames = new WeakMap<ArrayBufferLike, Frame>();
  readonly #users = new WeakMap<FetchedPartition, Frame>();
  readonly #free: Buffer[] = [];

  /** Memory for a frame of exactly this size; what is in it is arbitrary. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes < worthWhileBytes) return Buffer.allocUnsafe(sizeBytes);
    const memory = this.#fitting(sizeBytes) ?? Buffer.allocUnsafeSlow(Math.ceil(sizeBytes / granuleBytes) * granuleBytes);
    this.#frames.set(memory.buffer, { memory, users: 0 });
    return memory.subarray(0, sizeBytes);
  }

  /** The partition's bytes lie in a frame of this memory: that is not used again before {@link release}. */
  retain(fetched: FetchedPartition): void {
    const frame = this.#frames.get(fetched.bytes.buffer);
    if (frame === undefined) return;
    frame.users++;
    this.#users.set(fetched, frame);
  }

  /** Nobody looks at the partition's bytes any more. A second time is no error. */
  release(fetched: FetchedPartition): void {
    const frame = this.#users.get(fetched);
    if (frame === undefined) return;
    this.#users.delete(fetched);
    frame.users--;
    if (frame.users === 0) this.#keep(frame.memory);
  }

  /** Lets go of what is free: nothing large is expected. */
  clear(): void {
    this.#free.length = 0;
  }

  #keep(memory: Buffer): void {
    this.#free.push(memory);
    if (this.#free.length > maxFree) this.#free.sort((a, b) => b.length - a.length).length = maxFree;
  }

  #fitting(sizeBytes: number): Buffer | undefined {
    const index = this.#free.findIndex(({ length }) => length >= sizeBytes);
    return index === -1 ? undefined : this.#free.splice(index, 1)[0];
  }
}
