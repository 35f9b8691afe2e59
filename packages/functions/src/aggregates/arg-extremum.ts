import type { Column } from '@millrace/data';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { createGroupValues, type Direction, type GroupValues } from './group-values.ts';
import { nullMask } from './lanes.ts';
import { expectCount, expectNoParameters, expectValue, resultOf } from './resolve-arguments.ts';

function argExtremum(name: string, what: string, direction: Direction, examples: AggregateFunction['examples']): AggregateFunction {
  return {
    kind: 'aggregate',
    name,
    aliases: [],
    signature: '(x any, by any) -> any',
    help: `The x of the row with the ${what} \`by\`; of several such rows the first that arrived. Rows where either is NULL do not count. Of no rows the type's default, NULL if an argument is nullable.`,
    examples,
    see: `ClickHouse: ${direction === 1 ? 'argMin' : 'argMax'}`,
    resolve(args, parameters) {
      expectCount(this, args, 2);
      expectNoParameters(this, parameters);
      for (const index of args.keys()) expectValue(this, args, index);
      const [value, by] = args as [(typeof args)[0], (typeof args)[0]];
      const returns = resultOf(value.type, args);
      return {
        returns,
        argumentTypes: [value.type, by.type],
        create: () => new ArgExtremum(direction, createGroupValues(returns), createGroupValues(by.type)),
      };
    },
  };
}

export const argMin = argExtremum('arg_min', 'smallest', 1, [
  ['arg_min(s, y)', 'b'],
  ['arg_min(s, x)', 'a'],
  ['arg_min(n, y)', 'q'],
  ['arg_min_if(n, y, false)', null],
]);
export const argMax = argExtremum('arg_max', 'greatest', -1, [
  ['arg_max(s, y)', 'c'],
  ['arg_max(x, s)', 4],
  ['arg_max_if(s, y, b)', 'a'],
  ['arg_max_if(s, x, false)', null],
]);

class ArgExtremum implements Accumulator {
  readonly #direction: Direction;
  readonly #values: GroupValues;
  readonly #keys: GroupValues;

  constructor(direction: Direction, values: GroupValues, keys: GroupValues) {
    this.#direction = direction;
    this.#values = values;
    this.#keys = keys;
  }

  resize(count: number): void {
    this.#values.resize(count);
    this.#keys.resize(count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const [value, key] = args as [Column, Column];
    const nulls = nullMask(args, rowCount);
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      if (this.#keys.has(group) && !this.#keys.beats(key, row, group, this.#direction)) continue;
      this.#keys.set(group, key, row);
      this.#values.set(group, value, row);
    }
  }

  merge(into: number, other: ArgExtremum, from: number): void {
    if (!other.#keys.has(from)) return;
    if (this.#keys.has(into) && !this.#keys.groupBeats(other.#keys, from, into, this.#direction)) return;
    this.#keys.copy(into, other.#keys, from);
    this.#values.copy(into, other.#values, from);
  }

  evaluate(groups: Int32Array, count: number): Column {
    return this.#values.column(groups, count);
  }

  reset(group: number): void {
    this.#values.clear(group);
    this.#keys.clear(group);
  }

  get sizeBytes(): number {
    return this.#values.sizeBytes + this.#keys.sizeBytes;
  }

  get format(): string {
    return `${this.#values.format}; ${this.#keys.format}`;
  }

  save(from: number, to: number, { out }: GroupStateWriter): void {
    this.#values.save(from, to, out);
    this.#keys.save(from, to, out);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    this.#values.load(from, to, states.in);
    this.#keys.load(from, to, states.in);
  }
}
