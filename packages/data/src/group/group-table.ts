import { type Column, columnKind } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { removeNullable } from '../type/type-predicates.ts';
import { BigIntDictionary } from './bigint-dictionary.ts';
import type { KeyDictionary, Selection } from './key-dictionary.ts';
import { NumberDictionary } from './number-dictionary.ts';
import { PairDictionary } from './pair-dictionary.ts';
import { StringDictionary } from './string-dictionary.ts';
import { ValueDictionary } from './value-dictionary.ts';

/**
 * Gives the groups of GROUP BY, DISTINCT and the like dense numbers, without making an object or string for a row.
 *
 * Two rows are of one group if all their keys are equal; NULL equals NULL, −0 is 0, nan equals nan. Keys are copied: nothing
 * of a chunk is kept alive. Numbers of groups go from 0 up; one that was released is given again. Without keys there is one group, 0.
 */
export class GroupTable {
  readonly #keys: readonly KeyDictionary[];
  /** `#pairs[i]` joins the first i + 1 keys with key i + 1. */
  readonly #pairs: readonly PairDictionary[];
  #scratch = new Int32Array(0);
  #emptyKeySeen = false;

  constructor(types: readonly DataType[]) {
    this.#keys = types.map(createDictionary);
    const pairs: PairDictionary[] = [];
    for (let i = 1; i < types.length; i++) pairs.push(new PairDictionary(i === 1 ? this.#keys[0]! : pairs[i - 2]!, this.#keys[i]!));
    this.#pairs = pairs;
  }

  /** Groups in use. */
  get size(): number {
    return this.#last?.size ?? Number(this.#emptyKeySeen);
  }

  /** One more than the highest group number given so far: what arrays indexed by group need room for. */
  get indexBound(): number {
    return this.#last?.indexBound ?? Number(this.#emptyKeySeen);
  }

  /** About how many bytes the table holds. */
  get sizeBytes(): number {
    return [...this.#keys, ...this.#pairs].reduce((sum, part) => sum + part.sizeBytes, 64);
  }

  /**
   * Writes the group of each of the rows 0 … rowCount − 1 to `into`, new groups being added; −1 for rows that `selection` (1 = take)
   * leaves out.
   * @param columns one for each type of the table
   */
  intern(columns: readonly Column[], rowCount: number, into: Int32Array, selection: Selection = null): void {
    if (this.#keys.length === 0) {
      this.#internNothing(rowCount, into, selection);
      return;
    }
    this.#keys[0]!.intern(columns[0]!, rowCount, into, selection);
    if (this.#pairs.length === 0) return;
    if (this.#scratch.length < rowCount) this.#scratch = new Int32Array(rowCount);
    for (const [i, pair] of this.#pairs.entries()) {
      this.#keys[i + 1]!.intern(columns[i + 1]!, rowCount, this.#scratch, selection);
      pair.intern(into, this.#scratch, rowCount);
    }
  }

  /** Makes room for so many groups at once: for whoever knows that they are coming. */
  reserve(count: number): void {
    this.#last?.reserve(count);
  }

  /** The i-th key of these groups, as a column in their order. */
  keyColumn(i: number, groups: Int32Array, count = groups.length): Column {
    let ids = groups;
    for (let at = this.#pairs.length - 1; at >= 0; at--) {
      const pair = this.#pairs[at]!;
      if (i === at + 1) return this.#keys[i]!.column(pair.rights(ids, count), count);
      ids = pair.lefts(ids, count);
    }
    return this.#keys[i]!.column(ids, count);
  }

  /** Forgets these groups (each in use, none twice); their numbers may be given to new ones. */
  release(groups: Int32Array, count = groups.length): void {
    const last = this.#last;
    if (last === undefined) this.#emptyKeySeen &&= count === 0;
    else for (let i = 0; i < count; i++) last.release(groups[i]!);
  }

  /** Forgets all groups. */
  clear(): void {
    for (const part of [...this.#keys, ...this.#pairs]) part.clear();
    this.#emptyKeySeen = false;
  }

  get #last(): KeyDictionary | PairDictionary | undefined {
    return this.#pairs.at(-1) ?? this.#keys[0];
  }

  #internNothing(rowCount: number, into: Int32Array, selection: Selection): void {
    for (let row = 0; row < rowCount; row++) {
      into[row] = selection !== null && selection[row] === 0 ? -1 : 0;
      if (into[row] === 0) this.#emptyKeySeen = true;
    }
  }
}

/** The dictionary for keys of a type. */
export function createDictionary(type: DataType): KeyDictionary {
  switch (columnKind(type)) {
    case 'number':
      return new NumberDictionary();
    case 'bigint':
      return new BigIntDictionary(removeNullable(type).kind === 'uint64');
    case 'string':
      return new StringDictionary();
    case 'value':
      return new ValueDictionary();
  }
}
