import { assert } from '@millrace/core';
import type { Column, Value } from '../column.ts';
import { valueSizeBytes } from '../columns/chunk-transfer.ts';
import { valueKey } from '../compare-values.ts';
import type { KeyDictionary, Selection } from './key-dictionary.ts';

/** Composite keys, by a canonical encoding in a Map. */
export class ValueDictionary implements KeyDictionary {
  readonly #ids = new Map<ReturnType<typeof valueKey>, number>();
  #values: (Value | undefined)[] = [];
  #free: number[] = [];
  #valueBytes = 0;

  get size(): number {
    return this.#ids.size;
  }

  get indexBound(): number {
    return this.#values.length;
  }

  get sizeBytes(): number {
    return this.#valueBytes * 2 + this.#values.length * 40;
  }

  intern(column: Column, rowCount: number, into: Int32Array, selection: Selection): void {
    assert(column.kind === 'value', 'a composite key comes in a composite column');
    for (let row = 0; row < rowCount; row++)
      into[row] = selection !== null && selection[row] === 0 ? -1 : this.#internValue(column.values[row]!);
  }

  column(ids: Int32Array, count: number): Column {
    return { kind: 'value', values: Array.from({ length: count }, (_, i) => this.#values[ids[i]!]!) };
  }

  reserve(): void {
    // A Map makes room by itself.
  }

  release(id: number): void {
    const value = this.#values[id]!;
    this.#ids.delete(valueKey(value));
    this.#valueBytes -= valueSizeBytes(value);
    this.#values[id] = undefined;
    this.#free.push(id);
  }

  clear(): void {
    this.#ids.clear();
    this.#values = [];
    this.#free = [];
    this.#valueBytes = 0;
  }

  #internValue(value: Value): number {
    const key = valueKey(value);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.#values.length;
    this.#values[id] = value;
    this.#ids.set(key, id);
    this.#valueBytes += valueSizeBytes(value);
    return id;
  }
}
