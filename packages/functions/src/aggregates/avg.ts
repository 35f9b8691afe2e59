import { type Column, isNullable } from '@millrace/data';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { nullMask, withRoom } from './lanes.ts';
import { expectCount, expectNoParameters, expectNumber, likeNullable, resultOf } from './resolve-arguments.ts';

export const avg: AggregateFunction = {
  kind: 'aggregate',
  name: 'avg',
  aliases: [],
  signature: '(x number) -> float64',
  help: 'The arithmetic mean, as float64. Of no rows nan, NULL if the argument is nullable.',
  examples: [
    ['avg(y)', 2.25],
    ['avg_if(x, b)', 1],
    ['avg_if(x, false)', null],
  ],
  see: 'ClickHouse: avg',
  resolve(args, parameters) {
    expectCount(this, args, 1);
    expectNoParameters(this, parameters);
    expectNumber(this, args, 0);
    const [argument] = args as [(typeof args)[0]];
    return {
      returns: resultOf({ kind: 'float64' }, args),
      argumentTypes: [likeNullable({ kind: 'float64' }, argument)],
      create: () => new AverageAccumulator(isNullable(argument.type)),
    };
  },
};

class AverageAccumulator implements Accumulator {
  readonly #nullable: boolean;
  #sums = new Float64Array(0);
  #counts = new Float64Array(0);

  constructor(nullable: boolean) {
    this.#nullable = nullable;
  }

  resize(count: number): void {
    this.#sums = withRoom(this.#sums, count);
    this.#counts = withRoom(this.#counts, count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const { values } = args[0] as Extract<Column, { kind: 'number' }>;
    const nulls = nullMask(args, rowCount);
    const [sums, counts] = [this.#sums, this.#counts];
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      sums[group]! += values[row]!;
      counts[group]! += 1;
    }
  }

  merge(into: number, other: AverageAccumulator, from: number): void {
    this.#sums[into]! += other.#sums[from]!;
    this.#counts[into]! += other.#counts[from]!;
  }

  evaluate(groups: Int32Array, count: number): Column {
    const values = new Float64Array(count);
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const group = groups[i]!;
      values[i] = this.#sums[group]! / this.#counts[group]!;
      if (this.#nullable && this.#counts[group] === 0) (nulls ??= new Uint8Array(count))[i] = 1;
    }
    return { kind: 'number', values, nulls };
  }

  reset(group: number): void {
    this.#sums[group] = 0;
    this.#counts[group] = 0;
  }

  get sizeBytes(): number {
    return this.#sums.byteLength + this.#counts.byteLength;
  }

  readonly format = 'sum, count';

  save(from: number, to: number, { out }: GroupStateWriter): void {
    out.floats(this.#sums, from, to);
    out.counts(this.#counts, from, to);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    states.in.floats(this.#sums, from, to);
    states.in.counts(this.#counts, from, to);
  }
}
