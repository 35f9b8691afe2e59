import { assert } from '@millrace/core';
import type { Column } from '../column.ts';
import { grown, HashIndex, hashWords } from './hash-index.ts';
import type { KeyDictionary, Selection } from './key-dictionary.ts';

const nullHash = 0x5bd1e995;

/** Keys in 64-bit lanes, as pairs of 32-bit halves: no BigInt is made. */
export class BigIntDictionary implements KeyDictionary {
  readonly #unsigned: boolean;
  readonly #index = new HashIndex();
  /** low, high of id 0, low, high of id 1, … */
  #keys = new Int32Array(64);
  #nullId = -1;

  constructor(unsigned: boolean) {
    this.#unsigned = unsigned;
  }

  get size(): number {
    return this.#index.size;
  }

  get indexBound(): number {
    return this.#index.indexBound;
  }

  get sizeBytes(): number {
    return this.#index.sizeBytes + this.#keys.byteLength;
  }

  intern(column: Column, rowCount: number, into: Int32Array, selection: Selection): void {
    assert(column.kind === 'bigint', 'a 64-bit key comes in a bigint column');
    const { values, nulls } = column;
    const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    for (let row = 0; row < rowCount; row++) {
      if (selection !== null && selection[row] === 0) into[row] = -1;
      else if (nulls !== null && nulls[row] === 1) into[row] = this.#internNull();
      else into[row] = this.#internHalves(halves[row * 2]!, halves[row * 2 + 1]!);
    }
  }

  column(ids: Int32Array, count: number): Column {
    const values = this.#unsigned ? new BigUint64Array(count) : new BigInt64Array(count);
    const halves = new Int32Array(values.buffer);
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      halves[i * 2] = this.#keys[id * 2]!;
      halves[i * 2 + 1] = this.#keys[id * 2 + 1]!;
      if (id === this.#nullId) (nulls ??= new Uint8Array(count))[i] = 1;
    }
    return { kind: 'bigint', values, nulls };
  }

  reserve(count: number): void {
    this.#index.reserve(count);
  }

  release(id: number): void {
    this.#index.remove(id);
    if (id === this.#nullId) this.#nullId = -1;
  }

  clear(): void {
    this.#index.clear();
    this.#keys = new Int32Array(64);
    this.#nullId = -1;
  }

  #internHalves(low: number, high: number): number {
    const { slots, mask } = this.#index;
    const keys = this.#keys;
    const hash = hashWords(low, high);
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const id = slots[slot]! - 1;
      if (keys[id * 2] === low && keys[id * 2 + 1] === high && id !== this.#nullId) return id;
    }
    return this.#add(low, high, hash);
  }

  #internNull(): number {
    if (this.#nullId < 0) this.#nullId = this.#add(0, 0, nullHash);
    return this.#nullId;
  }

  #add(low: number, high: number, hash: number): number {
    const id = this.#index.add(hash);
    if (id * 2 + 1 >= this.#keys.length) this.#keys = grown(this.#keys, id * 2 + 2);
    this.#keys[id * 2] = low;
    this.#keys[id * 2 + 1] = high;
    return id;
  }
}
