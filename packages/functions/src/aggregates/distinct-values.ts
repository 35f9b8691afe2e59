import {
  type BinaryReader,
  type Column,
  concatColumns,
  type DataType,
  damaged,
  GroupTable,
  PairDictionary,
  readColumn,
  type Value,
  valueAt,
  writeColumn,
} from '@millrace/data';
import type { GroupStateReader, GroupStateWriter } from '../definition.ts';
import { GrowingLists } from './growing-lists.ts';
import { nullMask, withRoom } from './lanes.ts';

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
  readonly #saved = new GrowingLists();
  /** By group: the last pair that stands in a saved piece, plus 1. */
  #sealedTails = new Int32Array(0);
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
    const lanes = [this.counts, this.#heads, this.#tails, this.#valueOf, this.#next, this.#linked, this.#sealedTails];
    return lanes.reduce((sum, lane) => sum + lane.byteLength, this.#values.sizeBytes + this.#pairs.sizeBytes + this.#saved.sizeBytes);
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
    this.#saved.forget(group);
    if (group < this.#sealedTails.length) this.#sealedTails[group] = 0;
  }

  /** What {@link save} writes: see {@link Accumulator.format}. */
  readonly format = 'distinct values';

  save(from: number, to: number, states: GroupStateWriter): void {
    const [starts, columns] = this.#unsaved(from, to);
    for (let group = from; group < to; group++) {
      const start = starts[group - from]! - this.#saved.sealed(group);
      this.#saved.save(group, this.counts[group]!, states, (out, first, end) => {
        for (const [i, type] of this.#types.entries()) writeColumn(out, columns[i]!, type, start + first, start + end);
      });
      if (this.#saved.sealed(group) === this.counts[group]) this.#sealedTails[group] = this.#tails[group]!;
    }
  }

  load(from: number, to: number, states: GroupStateReader): void {
    const parts: { readonly columns: Column[]; readonly group: number; readonly count: number }[] = [];
    for (let group = from; group < to; group++)
      this.#saved.load(group, states, (bytes, count) => parts.push({ columns: this.#read(bytes, count), group, count }));
    if (parts.length === 0) return;
    const groups = Int32Array.from(parts.flatMap(({ group, count }) => new Array<number>(count).fill(group)));
    const columns = this.#types.map((_, i) => concatColumns(parts.map(({ columns: of, count }) => ({ column: of[i]!, rowCount: count }))));
    const before = this.#pairs.size;
    this.add(columns, groups, groups.length);
    if (this.#pairs.size - before !== groups.length) throw damaged('distinct values that are not');
    this.#makeRoomForSealed();
    for (let group = from; group < to; group++) this.#sealedTails[group] = this.#pairAt(group, this.#saved.sealed(group));
  }

  #read(bytes: BinaryReader, count: number): Column[] {
    return this.#types.map((type) => readColumn(bytes, type, count));
  }

  /** Where the values of each group that are not in pieces start in the columns that hold them all. */
  #unsaved(from: number, to: number): [starts: number[], columns: Column[]] {
    this.#makeRoomForSealed();
    const starts: number[] = [];
    const ids: number[] = [];
    for (let group = from; group < to; group++) {
      starts.push(ids.length);
      const tail = this.#sealedTails[group]! - 1;
      const first = tail < 0 ? this.#heads[group]! - 1 : this.#next[tail]! - 1;
      for (let pair = first; pair >= 0; pair = this.#next[pair]! - 1) ids.push(this.#valueOf[pair]!);
    }
    return [starts, this.#types.map((_, i) => this.#values.keyColumn(i, Int32Array.from(ids)))];
  }

  /** The last of the first `count` pairs of a group, plus 1; 0 if there are none. */
  #pairAt(group: number, count: number): number {
    let pair = 0;
    for (let i = 0; i < count; i++) pair = i === 0 ? this.#heads[group]! : this.#next[pair - 1]!;
    return pair;
  }

  #makeRoomForSealed(): void {
    this.#sealedTails = withRoom(this.#sealedTails, this.counts.length);
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
