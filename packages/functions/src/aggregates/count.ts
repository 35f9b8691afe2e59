import type { Column, DataType } from '@millrace/data';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { countColumn, nullMask, withRoom } from './lanes.ts';
import { expectCount, expectNoParameters, expectValue } from './resolve-arguments.ts';

const uint64: DataType = { kind: 'uint64' };

export const count: AggregateFunction = {
  kind: 'aggregate',
  name: 'count',
  aliases: [],
  signature: '([x any]) -> uint64',
  help: 'How many rows there are; with an argument, how many where it is not NULL.',
  examples: [
    ['count()', 4],
    ['count(x)', 3],
    ['count(n)', 2],
  ],
  see: 'ClickHouse: count',
  resolve(args, parameters) {
    expectCount(this, args, 0, 1);
    expectNoParameters(this, parameters);
    if (args.length === 1) expectValue(this, args, 0);
    return { returns: uint64, argumentTypes: args.map(({ type }) => type), create: () => new CountAccumulator() };
  },
};

class CountAccumulator implements Accumulator {
  /** Whole doubles: exact up to 2^53 rows. */
  #counts = new Float64Array(0);

  resize(count: number): void {
    this.#counts = withRoom(this.#counts, count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const counts = this.#counts;
    const nulls = nullMask(args, rowCount);
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group >= 0 && (nulls === null || nulls[row] === 0)) counts[group]! += 1;
    }
  }

  merge(into: number, other: CountAccumulator, from: number): void {
    this.#counts[into]! += other.#counts[from]!;
  }

  evaluate(groups: Int32Array, count: number): Column {
    return countColumn(this.#counts, groups, count);
  }

  reset(group: number): void {
    this.#counts[group] = 0;
  }

  get sizeBytes(): number {
    return this.#counts.byteLength;
  }

  readonly format = 'count';

  save(from: number, to: number, { out }: GroupStateWriter): void {
    out.counts(this.#counts, from, to);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    states.in.counts(this.#counts, from, to);
  }
}
