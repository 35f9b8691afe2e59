import { type Column, isNullable } from '@millrace/data';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { nullMask, withRoom } from './lanes.ts';
import { expectCount, expectNoParameters, expectNumber, likeNullable, resultOf } from './resolve-arguments.ts';

/** Turns count and sum of squared deviations into the result. */
type Finish = (count: number, squares: number) => number;

const population: Finish = (count, squares) => squares / count;
const sample: Finish = (count, squares) => (count > 1 ? squares / (count - 1) : Number.NaN);

function moment(name: string, what: string, finish: Finish, examples: AggregateFunction['examples']): AggregateFunction {
  return {
    kind: 'aggregate',
    name,
    aliases: [],
    signature: '(x number) -> float64',
    help: `${what}, by Welford's method. Of too few rows nan; of none NULL if the argument is nullable.`,
    examples,
    see: `ClickHouse: ${name}; Welford 1962`,
    resolve(args, parameters) {
      expectCount(this, args, 1);
      expectNoParameters(this, parameters);
      expectNumber(this, args, 0);
      const [argument] = args as [(typeof args)[0]];
      return {
        returns: resultOf({ kind: 'float64' }, args),
        argumentTypes: [likeNullable({ kind: 'float64' }, argument)],
        create: () => new MomentAccumulator(finish, isNullable(argument.type)),
      };
    },
  };
}

export const varPop = moment('var_pop', 'The variance of the whole population', population, [
  ['var_pop(x)', 14 / 9],
  ['var_pop_if(y, b)', 0.25],
  ['var_pop_if(x, false)', null],
]);
export const varSamp = moment('var_samp', 'The variance estimated from a sample', sample, [
  ['var_samp(x)', 7 / 3],
  ['var_samp_if(y, b)', 0.5],
  ['var_samp_if(x, false)', null],
]);
export const stddevPop = moment('stddev_pop', 'The standard deviation of the whole population', (n, s) => Math.sqrt(population(n, s)), [
  ['stddev_pop(x)', Math.sqrt(14 / 9)],
  ['stddev_pop_if(y, b)', 0.5],
  ['stddev_pop_if(x, false)', null],
]);
export const stddevSamp = moment('stddev_samp', 'The standard deviation estimated from a sample', (n, s) => Math.sqrt(sample(n, s)), [
  ['stddev_samp(x)', Math.sqrt(7 / 3)],
  ['stddev_samp_if(y, b)', Math.sqrt(0.5)],
  ['stddev_samp_if(x, false)', null],
]);

class MomentAccumulator implements Accumulator {
  readonly #finish: Finish;
  readonly #nullable: boolean;
  #counts = new Float64Array(0);
  #means = new Float64Array(0);
  /** Sums of squared deviations from the mean. */
  #squares = new Float64Array(0);

  constructor(finish: Finish, nullable: boolean) {
    this.#finish = finish;
    this.#nullable = nullable;
  }

  resize(count: number): void {
    this.#counts = withRoom(this.#counts, count);
    this.#means = withRoom(this.#means, count);
    this.#squares = withRoom(this.#squares, count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const { values } = args[0] as Extract<Column, { kind: 'number' }>;
    const nulls = nullMask(args, rowCount);
    const [counts, means, squares] = [this.#counts, this.#means, this.#squares];
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      const value = values[row]!;
      const count = counts[group]! + 1;
      const delta = value - means[group]!;
      const mean = means[group]! + delta / count;
      counts[group] = count;
      means[group] = mean;
      squares[group]! += delta * (value - mean);
    }
  }

  /** @see Chan, Golub, LeVeque 1979 */
  merge(into: number, other: MomentAccumulator, from: number): void {
    const [mine, theirs] = [this.#counts[into]!, other.#counts[from]!];
    if (theirs === 0) return;
    const count = mine + theirs;
    const delta = other.#means[from]! - this.#means[into]!;
    this.#counts[into] = count;
    this.#means[into]! += (delta * theirs) / count;
    this.#squares[into]! += other.#squares[from]! + (delta * delta * mine * theirs) / count;
  }

  evaluate(groups: Int32Array, count: number): Column {
    const values = new Float64Array(count);
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const group = groups[i]!;
      values[i] = this.#finish(this.#counts[group]!, this.#squares[group]!);
      if (this.#nullable && this.#counts[group] === 0) (nulls ??= new Uint8Array(count))[i] = 1;
    }
    return { kind: 'number', values, nulls };
  }

  reset(group: number): void {
    for (const lane of [this.#counts, this.#means, this.#squares]) lane[group] = 0;
  }

  get sizeBytes(): number {
    return this.#counts.byteLength * 3;
  }

  readonly format = 'count, mean, squares';

  save(from: number, to: number, { out }: GroupStateWriter): void {
    out.counts(this.#counts, from, to);
    out.floats(this.#means, from, to);
    out.floats(this.#squares, from, to);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    states.in.counts(this.#counts, from, to);
    states.in.floats(this.#means, from, to);
    states.in.floats(this.#squares, from, to);
  }
}
