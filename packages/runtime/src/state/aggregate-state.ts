import { type Column, type DataType, GroupTable } from '@millrace/data';
import type { Accumulator } from '@millrace/functions';
import type { AggregateInput, AggregateProgram } from './aggregate-program.ts';
import type { MemoryHolder } from './memory-budget.ts';

/** The groups of an aggregation (of one window) and their states. Groups are numbered in the order of their first rows. */
export class AggregateState implements MemoryHolder {
  readonly table: GroupTable;
  readonly keyTypes: readonly DataType[];
  readonly accumulators: readonly Accumulator[];
  #groups = new Int32Array(0);

  constructor(program: AggregateProgram) {
    this.table = new GroupTable(program.keyTypes);
    this.keyTypes = program.keyTypes;
    this.accumulators = program.createAccumulators();
  }

  get groupCount(): number {
    return this.table.indexBound;
  }

  get sizeBytes(): number {
    return this.accumulators.reduce((sum, accumulator) => sum + accumulator.sizeBytes, this.table.sizeBytes);
  }

  /** Takes rows in. @returns the group of each; valid until the next call. */
  add({ keys, args, rowCount }: AggregateInput): Int32Array {
    const groups = this.intern(keys, rowCount);
    for (const [i, accumulator] of this.accumulators.entries()) {
      accumulator.resize(this.groupCount);
      accumulator.update(args[i]!, groups, rowCount);
    }
    return groups;
  }

  /** Makes the groups of these keys, without rows if they are new. @returns as {@link add}. */
  intern(keys: readonly Column[], rowCount: number): Int32Array {
    if (this.#groups.length < rowCount) this.#groups = new Int32Array(rowCount);
    this.table.intern(keys, rowCount, this.#groups);
    return this.#groups;
  }

  /** Folds another state of the same program into this one. @returns the group here of each of its groups; valid until the next call. */
  merge(other: AggregateState): Int32Array {
    const count = other.groupCount;
    const own = this.intern(other.keyColumns(allGroups(count), count), count);
    for (const [i, accumulator] of this.accumulators.entries()) {
      accumulator.resize(this.groupCount);
      const from = other.accumulators[i]!;
      for (let group = 0; group < count; group++) accumulator.merge(own[group]!, from, group);
    }
    return own;
  }

  keyColumns(groups: Int32Array, count: number): Column[] {
    return Array.from({ length: this.keyTypes.length }, (_, i) => this.table.keyColumn(i, groups, count));
  }

  /** Keys and results of these groups, in their order. */
  results(groups: Int32Array, count: number): Column[] {
    for (const accumulator of this.accumulators) accumulator.resize(Math.max(1, this.groupCount));
    return [...this.keyColumns(groups, count), ...this.accumulators.map((accumulator) => accumulator.evaluate(groups, count))];
  }
}

/** 0 … count − 1. */
export function allGroups(count: number): Int32Array {
  const groups = new Int32Array(count);
  for (let group = 0; group < count; group++) groups[group] = group;
  return groups;
}
