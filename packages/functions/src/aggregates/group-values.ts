import {
  type BinaryReader,
  type BinaryWriter,
  type Column,
  type Comparator,
  columnKind,
  columnOf,
  createComparator,
  type DataType,
  defaultValue,
  isNullable,
  readValue,
  removeNullable,
  type StringColumn,
  type Value,
  valueAt,
  valueSizeBytes,
  writeValue,
} from '@millrace/data';
import { unseen, withRoom } from './lanes.ts';

/** Which value wins: 1 = the smaller, −1 = the greater. */
export type Direction = 1 | -1;

/** One value for each group, or none yet: what min, any, last_value, arg_max and their like hold. Rows given to it are not NULL. */
export interface GroupValues {
  resize(count: number): void;
  has(group: number): boolean;
  set(group: number, column: Column, row: number): void;
  /** True if the value of the row beats the group's (which there is). nan is beaten by every number and beats nothing. */
  beats(column: Column, row: number, group: number, direction: Direction): boolean;
  /** As {@link beats}, for the value of a group of another store of the same type. */
  groupBeats(other: GroupValues, from: number, group: number, direction: Direction): boolean;
  copy(group: number, other: GroupValues, from: number): void;
  clear(group: number): void;
  /** Of groups without a value: NULL if the type is nullable, else its default. */
  column(groups: Int32Array, count: number): Column;
  /** What {@link GroupValues.save} writes: see {@link Accumulator.format}. */
  readonly format: string;
  save(from: number, to: number, out: BinaryWriter): void;
  /** @throws {MillraceError} STATE_INVALID */
  load(from: number, to: number, bytes: BinaryReader): void;
  readonly sizeBytes: number;
}

/** The store for values of a type. */
export function createGroupValues(type: DataType): GroupValues {
  if (columnKind(type) === 'number') return new NumberGroupValues(isNullable(type));
  return isByteOrdered(removeNullable(type)) ? new StringGroupValues(type) : new AnyGroupValues(type);
}

function isByteOrdered(type: DataType): boolean {
  return type.kind === 'string' || type.kind === 'fixed_string' || type.kind === 'uuid' || type.kind === 'json';
}

type NumberColumn = Extract<Column, { kind: 'number' }>;

class NumberGroupValues implements GroupValues {
  readonly #nullable: boolean;
  #values = new Float64Array(0);
  #seen = new Uint8Array(0);

  constructor(nullable: boolean) {
    this.#nullable = nullable;
  }

  resize(count: number): void {
    this.#values = withRoom(this.#values, count);
    this.#seen = withRoom(this.#seen, count);
  }

  has(group: number): boolean {
    return this.#seen[group] === 1;
  }

  set(group: number, column: Column, row: number): void {
    this.#values[group] = (column as NumberColumn).values[row]!;
    this.#seen[group] = 1;
  }

  beats(column: Column, row: number, group: number, direction: Direction): boolean {
    return numberBeats((column as NumberColumn).values[row]!, this.#values[group]!, direction);
  }

  groupBeats(other: NumberGroupValues, from: number, group: number, direction: Direction): boolean {
    return numberBeats(other.#values[from]!, this.#values[group]!, direction);
  }

  copy(group: number, other: NumberGroupValues, from: number): void {
    this.#values[group] = other.#values[from]!;
    this.#seen[group] = 1;
  }

  clear(group: number): void {
    this.#values[group] = 0;
    this.#seen[group] = 0;
  }

  column(groups: Int32Array, count: number): Column {
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = this.#values[groups[i]!]!;
    return { kind: 'number', values, nulls: unseen(groups, count, this.#nullable ? this.#seen : null) };
  }

  readonly format = 'number, seen';

  save(from: number, to: number, out: BinaryWriter): void {
    out.floats(this.#values, from, to);
    out.flags(this.#seen, from, to);
  }

  load(from: number, to: number, bytes: BinaryReader): void {
    bytes.floats(this.#values, from, to);
    bytes.flags(this.#seen, from, to);
  }

  get sizeBytes(): number {
    return this.#values.byteLength + this.#seen.byteLength;
  }
}

/** Only numbers are asked for numbers: `value < best` is false for nan on either side. */
export function numberBeats(value: number, best: number, direction: Direction): boolean {
  return (direction === 1 ? value < best : value > best) || (Number.isNaN(best) && !Number.isNaN(value));
}

/** Strings; a row is compared by its bytes and copied only when it wins. */
class StringGroupValues implements GroupValues {
  readonly #type: DataType;
  #values: (string | undefined)[] = [];
  #charCount = 0;

  constructor(type: DataType) {
    this.#type = type;
  }

  resize(count: number): void {
    while (this.#values.length < count) this.#values.push(undefined);
  }

  has(group: number): boolean {
    return this.#values[group] !== undefined;
  }

  set(group: number, column: Column, row: number): void {
    const { bytes, starts, ends } = column as StringColumn;
    this.#put(group, bytes.toString('latin1', starts[row]!, ends[row]!));
  }

  beats(column: Column, row: number, group: number, direction: Direction): boolean {
    return compareSpan(column as StringColumn, row, this.#values[group]!) * direction < 0;
  }

  groupBeats(other: StringGroupValues, from: number, group: number, direction: Direction): boolean {
    const [theirs, mine] = [other.#values[from]!, this.#values[group]!];
    return direction === 1 ? theirs < mine : theirs > mine;
  }

  copy(group: number, other: StringGroupValues, from: number): void {
    this.#put(group, other.#values[from]);
  }

  clear(group: number): void {
    this.#put(group, undefined);
  }

  column(groups: Int32Array, count: number): Column {
    const missing = defaultValue(this.#type);
    return columnOf(
      this.#type,
      Array.from({ length: count }, (_, i) => this.#values[groups[i]!] ?? missing),
    );
  }

  readonly format = 'seen, bytes';

  save(from: number, to: number, out: BinaryWriter): void {
    for (let group = from; group < to; group++) {
      const value = this.#values[group];
      out.uint8(Number(value !== undefined));
      if (value !== undefined) out.text(value);
    }
  }

  load(from: number, to: number, bytes: BinaryReader): void {
    for (let group = from; group < to; group++) if (bytes.uint8() !== 0) this.#put(group, bytes.text());
  }

  get sizeBytes(): number {
    return this.#values.length * 32 + this.#charCount;
  }

  #put(group: number, value: string | undefined): void {
    this.#charCount += (value?.length ?? 0) - (this.#values[group]?.length ?? 0);
    this.#values[group] = value;
  }
}

function compareSpan({ bytes, starts, ends }: StringColumn, row: number, text: string): number {
  const [start, length] = [starts[row]!, ends[row]! - starts[row]!];
  const shared = Math.min(length, text.length);
  for (let i = 0; i < shared; i++) {
    const order = bytes[start + i]! - text.charCodeAt(i);
    if (order !== 0) return order;
  }
  return length - text.length;
}

/** 64-bit numbers, enums, addresses and composites, as values. */
class AnyGroupValues implements GroupValues {
  readonly #type: DataType;
  readonly #compare: Comparator;
  #values: (Value | undefined)[] = [];
  #valueBytes = 0;

  constructor(type: DataType) {
    this.#type = type;
    this.#compare = createComparator(type);
  }

  resize(count: number): void {
    while (this.#values.length < count) this.#values.push(undefined);
  }

  has(group: number): boolean {
    return this.#values[group] !== undefined;
  }

  set(group: number, column: Column, row: number): void {
    this.#put(group, valueAt(column, this.#type, row));
  }

  beats(column: Column, row: number, group: number, direction: Direction): boolean {
    return this.#compare(valueAt(column, this.#type, row), this.#values[group]!) * direction < 0;
  }

  groupBeats(other: AnyGroupValues, from: number, group: number, direction: Direction): boolean {
    return this.#compare(other.#values[from]!, this.#values[group]!) * direction < 0;
  }

  copy(group: number, other: AnyGroupValues, from: number): void {
    this.#put(group, other.#values[from]);
  }

  clear(group: number): void {
    this.#put(group, undefined);
  }

  column(groups: Int32Array, count: number): Column {
    const missing = defaultValue(this.#type);
    return columnOf(
      this.#type,
      Array.from({ length: count }, (_, i) => this.#values[groups[i]!] ?? missing),
    );
  }

  readonly format = 'seen, value';

  save(from: number, to: number, out: BinaryWriter): void {
    for (let group = from; group < to; group++) {
      const value = this.#values[group];
      out.uint8(Number(value !== undefined));
      if (value !== undefined) writeValue(out, value, this.#type);
    }
  }

  load(from: number, to: number, bytes: BinaryReader): void {
    for (let group = from; group < to; group++) if (bytes.uint8() !== 0) this.#put(group, readValue(bytes, this.#type));
  }

  get sizeBytes(): number {
    return this.#values.length * 8 + this.#valueBytes;
  }

  #put(group: number, value: Value | undefined): void {
    this.#valueBytes += sizeOf(value) - sizeOf(this.#values[group]);
    this.#values[group] = value;
  }
}

function sizeOf(value: Value | undefined): number {
  return value === undefined ? 0 : valueSizeBytes(value);
}
