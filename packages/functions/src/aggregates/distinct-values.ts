import { type Column, columnOf, type DataType, GroupTable, PairDictionary, type Value, valueAt } from '@millrace/data';
import { nullMask, withRoom } from './lanes.ts';
import { loadValue, saveValue } from './state-codec.ts';

const none = -1;

/**
 * The distinct values of each group. All groups share one table of values; which group has which is a table of pairs, and
 * the pairs of a group are a list through them, so that a group can be walked and forgotten.
 */
export class DistinctValues {
  readonly #types: readonly DataType[];
  readonly #values: GroupTable;
  readonly #pairs: PairDictionary;
  /** How many distinct values each group has. */
  counts = new Float64Array(0);
  /** First and last pair of each group, plus 1. */
  #heads = new Int32Array(0);
  #tails = new Int32Array(0);
  /** By pair: its value; the next pair of its group, plus 1; and whether it is in a list. */
  #valueOf = new Int32Array(0);
  #next = new Int32Array(0);
  #linked = new Uint8Array(0);
  #pairIds = new Int32Array(0);
  #valueIds = new Int32Array(0);

  constructor(types: readonly DataType[]) {
    this.#types = types;
    const values = new GroupTable(types);
    const one = new Int32Array(1);
    const release = (id: number) => {
      one[0] = id;
      values.release(one);
    };
    this.#values = values;
    this.#pairs = new PairDictionary({ release: () => {} }, { release });
  }

  get sizeBytes(): number {
    const lanes = [this.counts, this.#heads, this.#tails, this.#valueOf, this.#next, this.#linked];
    return lanes.reduce((sum, lane) => sum + lane.byteLength, this.#values.sizeBytes + this.#pairs.sizeBytes);
  }

  resize(count: number): void {
    this.counts = withRoom(this.counts, count);
    this.#heads = withRoom(this.#heads, count);
    this.#tails = withRoom(this.#tails, count);
  }

  /** Takes rows without a NULL in any column. */
  add(columns: readonly Column[], groups: Int32Array, rowCount: number): void {
    if (this.#pairIds.length < rowCount) {
      this.#pairIds = new Int32Array(rowCount);
      this.#valueIds = new Int32Array(rowCount);
    }
    const [pairIds, valueIds] = [this.#pairIds, this.#valueIds];
    const nulls = nullMask(columns, rowCount);
    const selection = new Uint8Array(rowCount);
    for (let row = 0; row < rowCount; row++) {
      const taken = groups[row]! >= 0 && (nulls === null || nulls[row] === 0);
      selection[row] = taken ? 1 : 0;
      pairIds[row] = taken ? groups[row]! : none;
    }
    this.#values.intern(columns, rowCount, valueIds, selection);
    this.#pairs.intern(pairIds, valueIds, rowCount);
    this.#linkNew(groups, rowCount);
  }

  /** The values of a group in the order of their first arrival, as columns. */
  columns(group: number): readonly Column[] {
    const ids = new Int32Array(this.counts[group]!);
    let at = 0;
    for (let pair = this.#heads[group]! - 1; pair >= 0; pair = this.#next[pair]! - 1) ids[at++] = this.#valueOf[pair]!;
    return this.#types.map((_, i) => this.#values.keyColumn(i, ids));
  }

  /** The values of a group of one column, in the order of their first arrival. */
  list(group: number): Value[] {
    const [column] = this.columns(group);
    return Array.from({ length: this.counts[group]! }, (_, row) => valueAt(column!, this.#types[0]!, row));
  }

  merge(into: number, other: DistinctValues, from: number): void {
    const count = other.counts[from]!;
    if (count > 0) this.add(other.columns(from), new Int32Array(count).fill(into), count);
  }

  reset(group: number): void {
    for (let pair = this.#heads[group]! - 1; pair >= 0; ) {
      const next = this.#next[pair]! - 1;
      this.#linked[pair] = 0;
      this.#next[pair] = 0;
      this.#pairs.release(pair);
      pair = next;
    }
    this.#heads[group] = 0;
    this.#tails[group] = 0;
    this.counts[group] = 0;
  }

  /** A list of the values for each column. */
  save(group: number): unknown {
    const columns = this.columns(group);
    return this.#types.map((type, i) =>
      Array.from({ length: this.counts[group]! }, (_, row) => saveValue(valueAt(columns[i]!, type, row))),
    );
  }

  load(group: number, state: unknown): void {
    this.reset(group);
    const lists = state as unknown[][];
    const count = lists[0]!.length;
    const columns = this.#types.map((type, i) =>
      columnOf(
        type,
        lists[i]!.map((value) => loadValue(value, type)),
      ),
    );
    this.add(columns, new Int32Array(count).fill(group), count);
  }

  #linkNew(groups: Int32Array, rowCount: number): void {
    const bound = this.#pairs.indexBound;
    this.#valueOf = withRoom(this.#valueOf, bound);
    this.#next = withRoom(this.#next, bound);
    this.#linked = withRoom(this.#linked, bound);
    for (let row = 0; row < rowCount; row++) {
      const pair = this.#pairIds[row]!;
      if (pair < 0 || this.#linked[pair] === 1) continue;
      this.#linked[pair] = 1;
      this.#valueOf[pair] = this.#valueIds[row]!;
      this.#append(groups[row]!, pair);
    }
  }

  #append(group: number, pair: number): void {
    const tail = this.#tails[group]! - 1;
    if (tail < 0) this.#heads[group] = pair + 1;
    else this.#next[tail] = pair + 1;
    this.#tails[group] = pair + 1;
    this.counts[group]! += 1;
  }
}
