import { type Column, columnKind } from '@millrace/data';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { createGroupValues, type GroupValues } from './group-values.ts';
import { nullMask, withRoom } from './lanes.ts';
import { expectCount, expectNoParameters, expectValue } from './resolve-arguments.ts';

function pick(name: string, which: 'first' | 'last', help: string, examples: AggregateFunction['examples']): AggregateFunction {
  return {
    kind: 'aggregate',
    name,
    aliases: [],
    signature: '(x any) -> any',
    help: `${help} NULL values do not count. Of no rows the type's default, NULL if the argument is nullable.`,
    examples,
    see: `ClickHouse: ${name === 'earliest' || name === 'latest' ? `${which}_value` : name}`,
    resolve(args, parameters) {
      expectCount(this, args, 1);
      expectNoParameters(this, parameters);
      expectValue(this, args, 0);
      const { type } = args[0]!;
      const create = () =>
        which === 'first'
          ? new FirstAccumulator(createGroupValues(type))
          : new LastAccumulator(createGroupValues(type), columnKind(type) === 'number');
      return { returns: type, argumentTypes: [type], create };
    },
  };
}

export const any = pick('any', 'first', 'Some value: the first that arrived.', [
  ['any(s)', 'a'],
  ['any(n)', 'q'],
  ['any_if(x, false)', null],
]);
export const firstValue = pick('first_value', 'first', 'The first value that arrived.', [
  ['first_value(y)', 1.5],
  ['first_value(n)', 'q'],
  ['first_value_if(x, false)', null],
]);
export const lastValue = pick('last_value', 'last', 'The last value that arrived.', [
  ['last_value(y)', 4.5],
  ['last_value(n)', 'r'],
  ['last_value_if(x, b)', 1],
]);
export const earliest = pick('earliest', 'first', 'The first value: by offset within a partition, by arrival across partitions.', [
  ['earliest(s)', 'a'],
  ['earliest(n)', 'q'],
  ['earliest_if(s, false)', ''],
]);
export const latest = pick('latest', 'last', 'The last value: by offset within a partition, by arrival across partitions.', [
  ['latest(s)', 'c'],
  ['latest(n)', 'r'],
  ['latest_if(x, false)', null],
]);

/** What the two have in common: they hold one value. */
abstract class OneValueAccumulator implements Accumulator {
  protected readonly held: GroupValues;

  constructor(held: GroupValues) {
    this.held = held;
  }

  abstract update(args: readonly Column[], groups: Int32Array, rowCount: number): void;
  abstract merge(into: number, other: OneValueAccumulator, from: number): void;

  resize(count: number): void {
    this.held.resize(count);
  }

  evaluate(groups: Int32Array, count: number): Column {
    return this.held.column(groups, count);
  }

  reset(group: number): void {
    this.held.clear(group);
  }

  get sizeBytes(): number {
    return this.held.sizeBytes;
  }

  get format(): string {
    return this.held.format;
  }

  save(from: number, to: number, { out }: GroupStateWriter): void {
    this.held.save(from, to, out);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    this.held.load(from, to, states.in);
  }
}

class FirstAccumulator extends OneValueAccumulator {
  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const [column] = args as [Column];
    const nulls = nullMask(args, rowCount);
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group >= 0 && (nulls === null || nulls[row] === 0) && !this.held.has(group)) this.held.set(group, column, row);
    }
  }

  merge(into: number, other: FirstAccumulator, from: number): void {
    if (!this.held.has(into) && other.held.has(from)) this.held.copy(into, other.held, from);
  }
}

class LastAccumulator extends OneValueAccumulator {
  /** True where taking a value costs nothing; else only the last row of each group in a chunk is taken. */
  readonly #cheap: boolean;
  /** The last row of each group in the chunk, plus 1; 0 outside of update. */
  #lastRows = new Int32Array(0);
  #touched: number[] = [];

  constructor(held: GroupValues, cheap: boolean) {
    super(held);
    this.#cheap = cheap;
  }

  override resize(count: number): void {
    super.resize(count);
    if (!this.#cheap) this.#lastRows = withRoom(this.#lastRows, count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const [column] = args as [Column];
    const nulls = nullMask(args, rowCount);
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      if (this.#cheap) this.held.set(group, column, row);
      else this.#note(group, row);
    }
    for (const group of this.#touched) {
      this.held.set(group, column, this.#lastRows[group]! - 1);
      this.#lastRows[group] = 0;
    }
    this.#touched.length = 0;
  }

  merge(into: number, other: LastAccumulator, from: number): void {
    if (other.held.has(from)) this.held.copy(into, other.held, from);
  }

  #note(group: number, row: number): void {
    if (this.#lastRows[group] === 0) this.#touched.push(group);
    this.#lastRows[group] = row + 1;
  }
}
