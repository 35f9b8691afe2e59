import type { Column } from '@millrace/data';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { DistinctValues } from './distinct-values.ts';
import { countColumn } from './lanes.ts';
import { expectCount, expectNoParameters, expectValue } from './resolve-arguments.ts';

export const countDistinct: AggregateFunction = {
  kind: 'aggregate',
  name: 'count_distinct',
  aliases: ['unique_exact', 'uniq_exact'],
  signature: '(x any, …) -> uint64',
  help: 'How many different values (or combinations of values) there are, exactly; also written count(DISTINCT x). NULL does not count.',
  examples: [
    ['count_distinct(s)', 3],
    ['count_distinct(x)', 3],
    ['count_distinct(s, n)', 2],
    ['count_distinct_if(s, false)', 0],
  ],
  see: 'ClickHouse: uniqExact',
  resolve(args, parameters) {
    expectCount(this, args, 1, 16);
    expectNoParameters(this, parameters);
    for (const index of args.keys()) expectValue(this, args, index);
    const types = args.map(({ type }) => type);
    return { returns: { kind: 'uint64' }, argumentTypes: types, create: () => new DistinctCount(new DistinctValues(types)) };
  },
};

class DistinctCount implements Accumulator {
  readonly #values: DistinctValues;

  constructor(values: DistinctValues) {
    this.#values = values;
  }

  resize(count: number): void {
    this.#values.resize(count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    this.#values.add(args, groups, rowCount);
  }

  merge(into: number, other: DistinctCount, from: number): void {
    this.#values.merge(into, other.#values, from);
  }

  evaluate(groups: Int32Array, count: number): Column {
    return countColumn(this.#values.counts, groups, count);
  }

  reset(group: number): void {
    this.#values.reset(group);
  }

  get sizeBytes(): number {
    return this.#values.sizeBytes;
  }

  get format(): string {
    return this.#values.format;
  }

  save(from: number, to: number, states: GroupStateWriter): void {
    this.#values.save(from, to, states);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    this.#values.load(from, to, states);
  }
}
