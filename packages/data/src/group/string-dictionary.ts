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
  #arena: Buffer = Buffer.allocUnsafeSlow(1024);
  #arenaView = viewOf(this.#arena);
  #arenaEnd = 0;
  #deadBytes = 0;
  /** Start and length of each key, side by side: a look-up takes both. */
  #spans = new Int32Array(64);
  #nullId = -1;

  get size(): number {
    return this.#index.size;
  }

  get indexBound(): number {
    return this.#index.indexBound;
  }

  get sizeBytes(): number {
    return this.#index.sizeBytes + this.#arena.length + this.#spans.byteLength;
  }

  intern(column: Column, rowCount: number, into: Int32Array, selection: Selection): void {
    assert(column.kind === 'string', 'a string key comes in a string column');
    const { bytes, starts, ends, nulls } = column;
    const view = viewOf(bytes);
    for (let row = 0; row < rowCount; row++) {
      if (selection !== null && selection[row] === 0) into[row] = -1;
      else if (nulls !== null && nulls[row] === 1) into[row] = this.#internNull();
      else into[row] = this.#internSpan(bytes, view, starts[row]!, ends[row]!);
    }
  }

  #internSpan(bytes: Buffer, view: DataView, start: number, end: number): number {
    const { slots, mask } = this.#index;
    const hash = hashBytes(view, start, end);
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const id = slots[slot]! - 1;
      if (this.#equals(id, hash, bytes, view, start, end)) return id;
    }
    return this.#add(bytes, start, end, hash);
  }

  column(ids: Int32Array, count: number): Column {
    let byteCount = 0;
    for (let i = 0; i < count; i++) byteCount += this.#spans[ids[i]! * 2 + 1]!;
    const bytes = Buffer.allocUnsafeSlow(byteCount);
    const [starts, ends] = [new Int32Array(count), new Int32Array(count)];
    let nulls: Uint8Array | null = null;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      const from = this.#spans[id * 2]!;
      const length = this.#spans[id * 2 + 1]!;
      starts[i] = at;
      copyBytes(this.#arena, from, from + length, bytes, at);
      at += length;
      ends[i] = at;
      if (id === this.#nullId) (nulls ??= new Uint8Array(count))[i] = 1;
    }
    return { kind: 'string', bytes, starts, ends, nulls };
  }

  reserve(count: number): void {
    this.#index.reserve(count);
  }

  release(id: number): void {
    this.#index.remove(id);
    if (id === this.#nullId) this.#nullId = -1;
    this.#deadBytes += this.#spans[id * 2 + 1]!;
    this.#spans[id * 2 + 1] = 0;
    if (this.#deadBytes > compactFromBytes && this.#deadBytes * 2 > this.#arenaEnd) this.#compact();
  }

  clear(): void {
    this.#index.clear();
    this.#setArena(Buffer.allocUnsafeSlow(1024));
    this.#arenaEnd = 0;
    this.#deadBytes = 0;
    this.#spans = new Int32Array(64);
    this.#nullId = -1;
  }

  #equals(id: number, hash: number, bytes: Buffer, view: DataView, start: number, end: number): boolean {
    const length = end - start;
    if (this.#spans[id * 2 + 1] !== length || id === this.#nullId) return false;
    const from = this.#spans[id * 2]!;
    // Short keys are compared at once: looking at their hashes first would be one more miss of the cache.
    if (length > compareByLoopUpTo)
      return this.#index.hashes[id] === hash && this.#arena.compare(bytes, start, end, from, from + length) === 0;
    const arena = this.#arenaView;
    let i = 0;
    for (; i + 4 <= length; i += 4) if (arena.getInt32(from + i) !== view.getInt32(start + i)) return false;
    for (; i < length; i++) if (arena.getUint8(from + i) !== view.getUint8(start + i)) return false;
    return true;
  }

  #internNull(): number {
    if (this.#nullId < 0) this.#nullId = this.#add(this.#arena, 0, 0, nullHash);
    return this.#nullId;
  }

  #add(bytes: Buffer, start: number, end: number, hash: number): number {
    const id = this.#index.add(hash);
    if (id * 2 >= this.#spans.length) this.#spans = grown(this.#spans, id * 2 + 2);
    const length = end - start;
    if (this.#arenaEnd + length > this.#arena.length) this.#moveArena(Math.max(this.#arenaEnd + length, this.#arena.length * 2));
    copyBytes(bytes, start, end, this.#arena, this.#arenaEnd);
    this.#spans[id * 2] = this.#arenaEnd;
    this.#spans[id * 2 + 1] = length;
    this.#arenaEnd += length;
    return id;
  }

  #moveArena(length: number): void {
    const arena = Buffer.allocUnsafeSlow(length);
    this.#arena.copy(arena, 0, 0, this.#arenaEnd);
    this.#setArena(arena);
  }

  #setArena(arena: Buffer): void {
    this.#arena = arena;
    this.#arenaView = viewOf(arena);
  }

  /** Moves the keys in use to the front of a new arena. Released ids have length 0. */
  #compact(): void {
    const arena = Buffer.allocUnsafeSlow(Math.max(1024, (this.#arenaEnd - this.#deadBytes) * 2));
    let at = 0;
    for (let id = 0; id < this.indexBound; id++) {
      const from = this.#spans[id * 2]!;
      this.#spans[id * 2] = at;
      at += this.#arena.copy(arena, at, from, from + this.#spans[id * 2 + 1]!);
    }
    this.#setArena(arena);
    this.#arenaEnd = at;
    this.#deadBytes = 0;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function copyBytes(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > compareByLoopUpTo) source.copy(target, at, start, end);
  else for (let i = start, to = at; i < end; i++, to++) target[to] = source[i]!;
}
