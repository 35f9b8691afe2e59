import { assert } from '@millrace/core';
import type { Column } from '../column.ts';
import { grown, HashIndex, hashBytes } from './hash-index.ts';
import type { KeyDictionary, Selection } from './key-dictionary.ts';

const nullHash = 0x5bd1e995;
/** Above this many bytes a call into the runtime compares faster than a loop. */
const compareByLoopUpTo = 48;
/** Dead bytes below this are not worth a compaction. */
const compactFromBytes = 4096;

/** Keys as spans of bytes, copied into one arena. */
export class StringDictionary implements KeyDictionary {
  readonly #index = new HashIndex();
  #arena = Buffer.allocUnsafeSlow(1024);
  #arenaEnd = 0;
  #deadBytes = 0;
  #starts = new Int32Array(32);
  #lengths = new Int32Array(32);
  #nullId = -1;

  get size(): number {
    return this.#index.size;
  }

  get indexBound(): number {
    return this.#index.indexBound;
  }

  get sizeBytes(): number {
    return this.#index.sizeBytes + this.#arena.length + 8 * this.#starts.length;
  }

  intern(column: Column, rowCount: number, into: Int32Array, selection: Selection): void {
    assert(column.kind === 'string', 'a string key comes in a string column');
    const { bytes, starts, ends, nulls } = column;
    for (let row = 0; row < rowCount; row++) {
      if (selection !== null && selection[row] === 0) into[row] = -1;
      else if (nulls !== null && nulls[row] === 1) into[row] = this.#internNull();
      else into[row] = this.internBytes(bytes, starts[row]!, ends[row]!);
    }
  }

  /** The id of one string. */
  internBytes(bytes: Buffer, start: number, end: number): number {
    const { slots, mask, hashes } = this.#index;
    const hash = hashBytes(bytes, start, end);
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const id = slots[slot]! - 1;
      if (hashes[id] === hash && this.#equals(id, bytes, start, end)) return id;
    }
    return this.#add(bytes, start, end, hash);
  }

  column(ids: Int32Array, count: number): Column {
    let byteCount = 0;
    for (let i = 0; i < count; i++) byteCount += this.#lengths[ids[i]!]!;
    const bytes = Buffer.allocUnsafeSlow(byteCount);
    const [starts, ends] = [new Int32Array(count), new Int32Array(count)];
    let nulls: Uint8Array | null = null;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      const from = this.#starts[id]!;
      const length = this.#lengths[id]!;
      starts[i] = at;
      copyBytes(this.#arena, from, from + length, bytes, at);
      at += length;
      ends[i] = at;
      if (id === this.#nullId) (nulls ??= new Uint8Array(count))[i] = 1;
    }
    return { kind: 'string', bytes, starts, ends, nulls };
  }

  release(id: number): void {
    this.#index.remove(id);
    if (id === this.#nullId) this.#nullId = -1;
    this.#deadBytes += this.#lengths[id]!;
    this.#lengths[id] = 0;
    if (this.#deadBytes > compactFromBytes && this.#deadBytes * 2 > this.#arenaEnd) this.#compact();
  }

  clear(): void {
    this.#index.clear();
    this.#arena = Buffer.allocUnsafeSlow(1024);
    this.#arenaEnd = 0;
    this.#deadBytes = 0;
    this.#starts = new Int32Array(32);
    this.#lengths = new Int32Array(32);
    this.#nullId = -1;
  }

  #equals(id: number, bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (this.#lengths[id] !== length || id === this.#nullId) return false;
    const arena = this.#arena;
    const from = this.#starts[id]!;
    if (length > compareByLoopUpTo) return arena.compare(bytes, start, end, from, from + length) === 0;
    for (let i = 0; i < length; i++) if (arena[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #internNull(): number {
    if (this.#nullId < 0) this.#nullId = this.#add(this.#arena, 0, 0, nullHash);
    return this.#nullId;
  }

  #add(bytes: Buffer, start: number, end: number, hash: number): number {
    const id = this.#index.add(hash);
    if (id >= this.#starts.length) {
      this.#starts = grown(this.#starts, id + 1);
      this.#lengths = grown(this.#lengths, id + 1);
    }
    const length = end - start;
    if (this.#arenaEnd + length > this.#arena.length) this.#moveArena(Math.max(this.#arenaEnd + length, this.#arena.length * 2));
    copyBytes(bytes, start, end, this.#arena, this.#arenaEnd);
    this.#starts[id] = this.#arenaEnd;
    this.#lengths[id] = length;
    this.#arenaEnd += length;
    return id;
  }

  #moveArena(length: number): void {
    const arena = Buffer.allocUnsafeSlow(length);
    this.#arena.copy(arena, 0, 0, this.#arenaEnd);
    this.#arena = arena;
  }

  /** Moves the keys in use to the front of a new arena. Released ids have length 0. */
  #compact(): void {
    const arena = Buffer.allocUnsafeSlow(Math.max(1024, (this.#arenaEnd - this.#deadBytes) * 2));
    let at = 0;
    for (let id = 0; id < this.indexBound; id++) {
      const from = this.#starts[id]!;
      this.#starts[id] = at;
      at += this.#arena.copy(arena, at, from, from + this.#lengths[id]!);
    }
    this.#arena = arena;
    this.#arenaEnd = at;
    this.#deadBytes = 0;
  }
}

function copyBytes(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > compareByLoopUpTo) source.copy(target, at, start, end);
  else for (let i = start, to = at; i < end; i++, to++) target[to] = source[i]!;
}
