import {
  type Column,
  type Comparator,
  columnKind,
  columnOf,
  createComparator,
  type DataType,
  defaultValue,
  isFloat,
  isNullable,
  removeNullable,
  type Value,
  valueAt,
  valueSizeBytes,
} from '@millrace/data';
import { unseen, withRoom } from './lanes.ts';
import { loadValue, saveValue } from './state-codec.ts';

/** One value for each group, or none yet: what min, any, last_value, arg_max and their like hold. */
export interface GroupValues {
  resize(count: number): void;
  has(group: number): boolean;
  set(group: number, column: Column, row: number): void;
  /**
   * How the value of a row stands to the group's (which there is): negative, zero or positive for before, same, after.
   * nan stands before nothing and after nothing, but anything may replace it: see {@link isBetter}.
   */
  compare(column: Column, row: number, group: number): number;
  /** As {@link compare}, of a group of another store of the same type. */
  compareGroup(other: GroupValues, from: number, group: number): number;
  copy(group: number, other: GroupValues, from: number): void;
  clear(group: number): void;
  /** Of groups without a value: NULL if the type is nullable, else its default. */
  column(groups: Int32Array, count: number): Column;
  save(group: number): unknown;
  load(group: number, state: unknown): void;
  readonly sizeBytes: number;
}

/** The store for values of a type. */
export function createGroupValues(type: DataType): GroupValues {
  if (columnKind(type) === 'number') return new NumberGroupValues(type);
  return isByteOrdered(removeNullable(type)) ? new StringGroupValues(type) : new AnyGroupValues(type);
}

function isByteOrdered(type: DataType): boolean {
  return type.kind === 'string' || type.kind === 'fixed_string' || type.kind === 'uuid' || type.kind === 'json';
}

class NumberGroupValues implements GroupValues {
  readonly #type: DataType;
  readonly #nullable: boolean;
  #values = new Float64Array(0);
  #seen = new Uint8Array(0);

  constructor(type: DataType) {
    this.#type = type;
    this.#nullable = isNullable(type);
  }

  resize(count: number): void {
    this.#values = withRoom(this.#values, count);
    this.#seen = withRoom(this.#seen, count);
  }

  has(group: number): boolean {
    return this.#seen[group] === 1;
  }

  set(group: number, column: Column, row: number): void {
    this.#values[group] = column.values_(row);
    this.#seen[group] = 1;
  }

  compare(column: Column, row: number, group: number): number {
    return compareNumbers((column as Extract<Column, { kind: 'number' }>).values[row]!, this.#values[group]!);
  }

  compareGroup(other: NumberGroupValues, from: number, group: number): number {
    return compareNumbers(other.#values[from]!, this.#values[group]!);
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

  save(group: number): unknown {
    return this.has(group) ? saveValue(this.#values[group]!) : null;
  }

  load(group: number, state: unknown): void {
    this.#seen[group] = state === null ? 0 : 1;
    this.#values[group] = state === null ? 0 : Number(state);
  }

  get sizeBytes(): number {
    return this.#values.byteLength + this.#seen.byteLength;
  }
}
