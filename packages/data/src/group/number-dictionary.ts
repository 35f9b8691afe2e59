import { assert } from '@millrace/core';
import type { Column } from '../column.ts';
import { grown, HashIndex, hashWords } from './hash-index.ts';
import type { KeyDictionary, Selection } from './key-dictionary.ts';

const nullHash = 0x5bd1e995;
const nanHash = 0x1b873593;

/** Keys in float64 lanes. */
export class NumberDictionary implements KeyDictionary {
  readonly #index = new HashIndex();
  #keys = new Float64Array(32);
  #nullId = -1;
  #nanId = -1;

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
    assert(column.kind === 'number', 'a number key comes in a number column');
    const { values, nulls } = column;
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    let { slots, mask } = this.#index;
    let keys = this.#keys;
    let lastValue = Number.NaN;
    let lastId = -1;
    for (let row = 0; row < rowCount; row++) {
      if (selection !== null && selection[row] === 0) {
        into[row] = -1;
        continue;
      }
      const value = values[row]!;
      if (nulls !== null && nulls[row] === 1) {
        into[row] = this.#internNull();
        ({ slots, mask } = this.#index);
        keys = this.#keys;
        continue;
      }
      if (value !== lastValue) {
        const hash = value === 0 ? 0 : hashWords(bits[row * 2]!, bits[row * 2 + 1]!);
        let slot = hash & mask;
        let id = slots[slot]! - 1;
        while (id >= 0 && keys[id] !== value) {
          slot = (slot + 1) & mask;
          id = slots[slot]! - 1;
        }
        if (id < 0) {
          id = this.#addNumber(value, hash);
          ({ slots, mask } = this.#index);
          keys = this.#keys;
        }
        lastValue = value;
        lastId = id;
      }
      into[row] = lastId;
    }
  }

  column(ids: Int32Array, count: number): Column {
    const values = new Float64Array(count);
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      values[i] = this.#keys[id]!;
      if (id === this.#nullId) (nulls ??= new Uint8Array(count))[i] = 1;
    }
    return { kind: 'number', values, nulls };
  }

  reserve(count: number): void {
    this.#index.reserve(count);
  }

  release(id: number): void {
    this.#index.remove(id);
    if (id === this.#nullId) this.#nullId = -1;
    if (id === this.#nanId) this.#nanId = -1;
  }

  clear(): void {
    this.#index.clear();
    this.#keys = new Float64Array(32);
    this.#nullId = -1;
    this.#nanId = -1;
  }

  #internNull(): number {
    // The lane of NULL's id is nan, so that no number is taken for it.
    if (this.#nullId < 0) this.#nullId = this.#add(Number.NaN, nullHash);
    return this.#nullId;
  }

  /** A number that probing did not find: new, or nan, which equals nothing. */
  #addNumber(value: number, hash: number): number {
    if (!Number.isNaN(value)) return this.#add(value + 0, hash);
    if (this.#nanId < 0) this.#nanId = this.#add(value, nanHash);
    return this.#nanId;
  }

  #add(value: number, hash: number): number {
    const id = this.#index.add(hash);
    if (id >= this.#keys.length) this.#keys = grown(this.#keys, id + 1);
    this.#keys[id] = value;
    return id;
  }
}
