import { type Column, columnKind, type DataType, isFloat, isNullable, isUnsignedInteger, removeNullable } from '@millrace/data';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { nullMask, numberColumn, unseen, withRoom } from './lanes.ts';
import { expectCount, expectNoParameters, expectNumber, resultOf } from './resolve-arguments.ts';

export const sum: AggregateFunction = {
  kind: 'aggregate',
  name: 'sum',
  aliases: [],
  signature: '(x number) -> int64 | uint64 | float64',
  help: 'The sum: of integers exact (it wraps beyond 64 bits), of floats float64. Of no rows 0, NULL if the argument is nullable.',
  examples: [
    ['sum(x)', 7],
    ['sum(y)', 9],
    ['sum_if(x, false)', null],
    ['sum_if(y, false)', 0],
  ],
  see: 'ClickHouse: sum',
  resolve(args, parameters) {
    expectCount(this, args, 1);
    expectNoParameters(this, parameters);
    expectNumber(this, args, 0);
    const { type } = args[0]!;
    const nullable = isNullable(type);
    const returns = resultOf(sumType(removeNullable(type)), args);
    if (isFloat(type)) return { returns, argumentTypes: [type], create: () => new FloatSum(nullable) };
    const wide = columnKind(type) === 'bigint';
    return { returns, argumentTypes: [type], create: () => new IntegerSum(wide, sumType(removeNullable(type)), nullable) };
  },
};

function sumType(type: DataType): DataType {
  if (isFloat(type)) return { kind: 'float64' };
  return { kind: isUnsignedInteger(type) || type.kind === 'bool' ? 'uint64' : 'int64' };
}

class FloatSum implements Accumulator {
  readonly #nullable: boolean;
  #sums = new Float64Array(0);
  #seen = new Uint8Array(0);

  constructor(nullable: boolean) {
    this.#nullable = nullable;
  }

  resize(count: number): void {
    this.#sums = withRoom(this.#sums, count);
    this.#seen = withRoom(this.#seen, count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const { values } = args[0] as Extract<Column, { kind: 'number' }>;
    const nulls = nullMask(args, rowCount);
    const [sums, seen] = [this.#sums, this.#seen];
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      sums[group]! += values[row]!;
      seen[group] = 1;
    }
  }

  merge(into: number, other: FloatSum, from: number): void {
    this.#sums[into]! += other.#sums[from]!;
    this.#seen[into]! |= other.#seen[from]!;
  }

  evaluate(groups: Int32Array, count: number): Column {
    return numberColumn(this.#sums, groups, count, this.#nullable ? this.#seen : null);
  }

  reset(group: number): void {
    this.#sums[group] = 0;
    this.#seen[group] = 0;
  }

  get sizeBytes(): number {
    return this.#sums.byteLength + this.#seen.byteLength;
  }

  readonly format = 'sum, seen';

  save(from: number, to: number, { out }: GroupStateWriter): void {
    out.floats(this.#sums, from, to);
    out.flags(this.#seen, from, to);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    states.in.floats(this.#sums, from, to);
    states.in.flags(this.#seen, from, to);
  }
}

/** Sums in doubles stay exact below this; then they move to 64-bit lanes. One row adds less than 2^32. */
const exactBound = 2 ** 52;
const halfRange = 4_294_967_296n;

/**
 * Exact sums without BigInts in the loop: narrow integers add up in one double; 64-bit ones in two, one for each half
 * (each half is below 2^32). What grows beyond the exact range is carried into 64-bit lanes.
 */
class IntegerSum implements Accumulator {
  readonly #wide: boolean;
  readonly #unsigned: boolean;
  readonly #nullable: boolean;
  #lows = new Float64Array(0);
  #highs = new Float64Array(0);
  #carried = new BigInt64Array(0);
  #seen = new Uint8Array(0);

  constructor(wide: boolean, returns: DataType, nullable: boolean) {
    this.#wide = wide;
    this.#unsigned = returns.kind === 'uint64';
    this.#nullable = nullable;
  }

  resize(count: number): void {
    this.#lows = withRoom(this.#lows, count);
    this.#seen = withRoom(this.#seen, count);
    this.#carried = withRoom(this.#carried, count);
    if (this.#wide) this.#highs = withRoom(this.#highs, count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const nulls = nullMask(args, rowCount);
    const column = args[0]!;
    if (column.kind === 'bigint') this.#addWide(column.values, nulls, groups, rowCount);
    else this.#addNarrow((column as Extract<Column, { kind: 'number' }>).values, nulls, groups, rowCount);
  }

  merge(into: number, other: IntegerSum, from: number): void {
    this.#carried[into]! += other.#total(from);
    this.#seen[into]! |= other.#seen[from]!;
  }

  evaluate(groups: Int32Array, count: number): Column {
    const nulls = unseen(groups, count, this.#nullable ? this.#seen : null);
    const values = this.#unsigned ? new BigUint64Array(count) : new BigInt64Array(count);
    for (let i = 0; i < count; i++) values[i] = this.#total(groups[i]!);
    return { kind: 'bigint', values, nulls };
  }

  reset(group: number): void {
    this.#lows[group] = 0;
    this.#carried[group] = 0n;
    this.#seen[group] = 0;
    if (this.#wide) this.#highs[group] = 0;
  }

  get sizeBytes(): number {
    return this.#lows.byteLength + this.#highs.byteLength + this.#carried.byteLength + this.#seen.byteLength;
  }

  get format(): string {
    return this.#wide ? 'low, high, carried, seen' : 'low, carried, seen';
  }

  save(from: number, to: number, { out }: GroupStateWriter): void {
    out.floats(this.#lows, from, to);
    if (this.#wide) out.floats(this.#highs, from, to);
    const hasCarried = this.#hasCarried(from, to);
    out.uint8(Number(hasCarried));
    if (hasCarried) out.bigints(this.#carried, from, to);
    out.flags(this.#seen, from, to);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    states.in.floats(this.#lows, from, to);
    if (this.#wide) states.in.floats(this.#highs, from, to);
    if (states.in.uint8() !== 0) states.in.bigints(this.#carried, from, to);
    states.in.flags(this.#seen, from, to);
  }

  #hasCarried(from: number, to: number): boolean {
    for (let group = from; group < to; group++) if (this.#carried[group] !== 0n) return true;
    return false;
  }

  #addNarrow(values: Float64Array, nulls: Uint8Array | null, groups: Int32Array, rowCount: number): void {
    const [lows, seen] = [this.#lows, this.#seen];
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      const total = lows[group]! + values[row]!;
      lows[group] = total;
      seen[group] = 1;
      if (total > exactBound || total < -exactBound) this.#carry(group);
    }
  }

  #addWide(values: BigInt64Array | BigUint64Array, nulls: Uint8Array | null, groups: Int32Array, rowCount: number): void {
    const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    const [lows, highs, seen] = [this.#lows, this.#highs, this.#seen];
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      const low = lows[group]! + (halves[row * 2]! >>> 0);
      lows[group] = low;
      highs[group]! += halves[row * 2 + 1]!;
      seen[group] = 1;
      if (low > exactBound) this.#carry(group);
    }
  }

  #carry(group: number): void {
    this.#carried[group] = this.#total(group);
    this.#lows[group] = 0;
    if (this.#wide) this.#highs[group] = 0;
  }

  /** Modulo 2^64, as the lanes it is written to take it. */
  #total(group: number): bigint {
    const narrow = this.#carried[group]! + BigInt(this.#lows[group]!);
    const total = this.#wide ? narrow + BigInt(this.#highs[group]!) * halfRange : narrow;
    return BigInt.asIntN(64, total);
  }
}
