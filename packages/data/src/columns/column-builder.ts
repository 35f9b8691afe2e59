import { assert } from '@millrace/core';
import { type Column, columnKind, type Nulls, type Value } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { removeNullable } from '../type/type-predicates.ts';

/**
 * Collects the rows of one column; grows as needed. {@link ColumnBuilder.finish} hands the lanes over and starts anew with
 * fresh ones of the size reached, so one builder serves chunk after chunk.
 */
export interface ColumnBuilder {
  readonly type: DataType;
  /** Rows appended since the last finish. */
  readonly length: number;
  /** A value of the builder's type; null is NULL. */
  append(value: Value): void;
  appendNull(): void;
  /** Copies the bytes as one string. Only for types kept as strings. */
  appendBytes(source: Uint8Array, start: number, end: number): void;
  /** Copies one row of a column of the same type. */
  appendFrom(column: Column, row: number): void;
  finish(): Column;
}

/** The builder for a type: a {@link NumberColumnBuilder}, {@link BigIntColumnBuilder}, {@link StringColumnBuilder} or {@link ValueColumnBuilder}. */
export function createColumnBuilder(type: DataType, capacity = 256): ColumnBuilder {
  switch (columnKind(type)) {
    case 'number':
      return new NumberColumnBuilder(type, capacity);
    case 'bigint':
      return new BigIntColumnBuilder(type, capacity);
    case 'string':
      return new StringColumnBuilder(type, capacity);
    case 'value':
      return new ValueColumnBuilder(type);
  }
}

/** One for each NULL; the lane appears with the first. */
class NullLane {
  #lane: Nulls = null;

  set(row: number, capacity: number): void {
    this.#lane ??= new Uint8Array(capacity);
    if (row >= this.#lane.length) this.grow(capacity);
    this.#lane[row] = 1;
  }

  grow(capacity: number): void {
    if (this.#lane === null || this.#lane.length >= capacity) return;
    const grown = new Uint8Array(capacity);
    grown.set(this.#lane);
    this.#lane = grown;
  }

  /** Gives the lane away. */
  take(capacity: number): Nulls {
    this.grow(capacity);
    const lane = this.#lane;
    this.#lane = null;
    return lane;
  }
}

function refuseBytes(type: DataType): never {
  assert(false, `bytes cannot be appended to a column of ${type.kind}`);
}

/** Lanes of float64; takes booleans too. */
export class NumberColumnBuilder implements ColumnBuilder {
  readonly type: DataType;
  length = 0;
  #values: Float64Array;
  readonly #nulls = new NullLane();

  constructor(type: DataType, capacity = 256) {
    this.type = type;
    this.#values = new Float64Array(Math.max(1, capacity));
  }

  appendNumber(value: number): void {
    if (this.length === this.#values.length) this.#grow();
    this.#values[this.length++] = value;
  }

  append(value: Value): void {
    if (value === null) this.appendNull();
    else this.appendNumber(typeof value === 'number' ? value : Number(value));
  }

  appendNull(): void {
    this.appendNumber(0);
    this.#nulls.set(this.length - 1, this.#values.length);
  }

  appendBytes(): void {
    refuseBytes(this.type);
  }

  appendFrom(column: Column, row: number): void {
    assert(column.kind === 'number', 'a number column is appended to a number column');
    if (column.nulls !== null && column.nulls[row] === 1) this.appendNull();
    else this.appendNumber(column.values[row]!);
  }

  finish(): Column {
    const values = this.#values;
    const nulls = this.#nulls.take(values.length);
    this.#values = new Float64Array(values.length);
    this.length = 0;
    return { kind: 'number', values, nulls };
  }

  #grow(): void {
    const grown = new Float64Array(this.#values.length * 2);
    grown.set(this.#values);
    this.#values = grown;
  }
}

/** Lanes of 64 bits: unsigned for uint64, else signed. A value beyond the type wraps. */
export class BigIntColumnBuilder implements ColumnBuilder {
  readonly type: DataType;
  length = 0;
  readonly #unsigned: boolean;
  #values: BigInt64Array | BigUint64Array;
  readonly #nulls = new NullLane();

  constructor(type: DataType, capacity = 256) {
    this.type = type;
    this.#unsigned = removeNullable(type).kind === 'uint64';
    this.#values = this.#lanes(Math.max(1, capacity));
  }

  appendBigInt(value: bigint): void {
    if (this.length === this.#values.length) this.#grow();
    this.#values[this.length++] = value;
  }

  append(value: Value): void {
    if (value === null) this.appendNull();
    else this.appendBigInt(typeof value === 'bigint' ? value : BigInt(value as number));
  }

  appendNull(): void {
    this.appendBigInt(0n);
    this.#nulls.set(this.length - 1, this.#values.length);
  }

  appendBytes(): void {
    refuseBytes(this.type);
  }

  appendFrom(column: Column, row: number): void {
    assert(column.kind === 'bigint', 'a bigint column is appended to a bigint column');
    if (column.nulls !== null && column.nulls[row] === 1) this.appendNull();
    else this.appendBigInt(column.values[row]!);
  }

  finish(): Column {
    const values = this.#values;
    const nulls = this.#nulls.take(values.length);
    this.#values = this.#lanes(values.length);
    this.length = 0;
    return { kind: 'bigint', values, nulls };
  }

  #lanes(length: number): BigInt64Array | BigUint64Array {
    return this.#unsigned ? new BigUint64Array(length) : new BigInt64Array(length);
  }

  #grow(): void {
    const grown = this.#lanes(this.#values.length * 2);
    grown.set(this.#values);
    this.#values = grown;
  }
}

/** Below this many bytes a loop is faster than a call into the runtime. */
const copyByLoopBelow = 32;

/** Spans over a buffer of its own. */
export class StringColumnBuilder implements ColumnBuilder {
  readonly type: DataType;
  length = 0;
  #bytes: Buffer;
  #byteLength = 0;
  #starts: Int32Array;
  #ends: Int32Array;
  readonly #nulls = new NullLane();

  constructor(type: DataType, capacity = 256) {
    this.type = type;
    this.#starts = new Int32Array(Math.max(1, capacity));
    this.#ends = new Int32Array(Math.max(1, capacity));
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(64, capacity * 16));
  }

  appendString(value: string): void {
    this.#reserve(value.length);
    this.#bytes.write(value, this.#byteLength, value.length, 'latin1');
    this.#close(value.length);
  }

  append(value: Value): void {
    if (value === null) this.appendNull();
    else this.appendString(value as string);
  }

  appendNull(): void {
    this.#reserve(0);
    this.#close(0);
    this.#nulls.set(this.length - 1, this.#starts.length);
  }

  appendBytes(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#reserve(length);
    const bytes = this.#bytes;
    if (length < copyByLoopBelow) for (let i = start, to = this.#byteLength; i < end; i++, to++) bytes[to] = source[i]!;
    else bytes.set(source.subarray(start, end), this.#byteLength);
    this.#close(length);
  }

  appendFrom(column: Column, row: number): void {
    assert(column.kind === 'string', 'a string column is appended to a string column');
    if (column.nulls !== null && column.nulls[row] === 1) this.appendNull();
    else this.appendBytes(column.bytes, column.starts[row]!, column.ends[row]!);
  }

  finish(): Column {
    const [bytes, starts, ends] = [this.#bytes, this.#starts, this.#ends];
    const nulls = this.#nulls.take(starts.length);
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(64, this.#byteLength));
    this.#starts = new Int32Array(starts.length);
    this.#ends = new Int32Array(starts.length);
    this.#byteLength = 0;
    this.length = 0;
    return { kind: 'string', bytes, starts, ends, nulls };
  }

  #close(length: number): void {
    this.#starts[this.length] = this.#byteLength;
    this.#byteLength += length;
    this.#ends[this.length++] = this.#byteLength;
  }

  #reserve(byteCount: number): void {
    if (this.length === this.#starts.length) this.#growRows();
    if (this.#byteLength + byteCount > this.#bytes.length) this.#growBytes(this.#byteLength + byteCount);
  }

  #growRows(): void {
    const [starts, ends] = [new Int32Array(this.#starts.length * 2), new Int32Array(this.#starts.length * 2)];
    starts.set(this.#starts);
    ends.set(this.#ends);
    [this.#starts, this.#ends] = [starts, ends];
  }

  #growBytes(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#byteLength);
    this.#bytes = grown;
  }
}

/** Composite values, kept as they are given. */
export class ValueColumnBuilder implements ColumnBuilder {
  readonly type: DataType;
  #values: Value[] = [];

  constructor(type: DataType) {
    this.type = type;
  }

  get length(): number {
    return this.#values.length;
  }

  append(value: Value): void {
    this.#values.push(value);
  }

  appendNull(): void {
    this.#values.push(null);
  }

  appendBytes(): void {
    refuseBytes(this.type);
  }

  appendFrom(column: Column, row: number): void {
    assert(column.kind === 'value', 'a composite column is appended to a composite column');
    this.#values.push(column.values[row]!);
  }

  finish(): Column {
    const values = this.#values;
    this.#values = [];
    return { kind: 'value', values };
  }
}
