import { type Column, type DataType, removeNullable, type Value, valueReader, valueSizeBytes } from '@millrace/data';
import { wrongValue } from '../argument-error.ts';
import type { Accumulator, AggregateFunction } from '../definition.ts';
import { DistinctValues } from './distinct-values.ts';
import { nullMask } from './lanes.ts';
import { expectCount, expectNoParameters, expectValue } from './resolve-arguments.ts';
import { loadValue, saveValue } from './state-codec.ts';

export const groupArray: AggregateFunction = {
  kind: 'aggregate',
  name: 'group_array',
  aliases: [],
  signature: '(x any) -> array(any)',
  help: 'The values in the order of their arrival; group_array(n)(x) keeps the first n. NULL does not count.',
  examples: [
    ['group_array(s)', ['a', 'b', 'b', 'c']],
    ['group_array(x)', [1, 2, 4]],
    ['group_array(2)(y)', [1.5, 2.5]],
    ['group_array_if(x, false)', []],
  ],
  see: 'ClickHouse: groupArray',
  resolve(args, parameters) {
    expectCount(this, args, 1);
    expectValue(this, args, 0);
    const limit = limitOf(this.name, parameters);
    const [{ type }] = args as [(typeof args)[0]];
    const element = removeNullable(type);
    return { returns: { kind: 'array', element }, argumentTypes: [type], create: () => new ArrayAccumulator(element, limit) };
  },
};

export const groupUniqArray: AggregateFunction = {
  kind: 'aggregate',
  name: 'group_uniq_array',
  aliases: [],
  signature: '(x any) -> array(any)',
  help: 'The different values in the order of their first arrival. NULL does not count.',
  examples: [
    ['group_uniq_array(s)', ['a', 'b', 'c']],
    ['group_uniq_array(n)', ['q', 'r']],
    ['group_uniq_array_if(x, false)', []],
  ],
  see: 'ClickHouse: groupUniqArray',
  resolve(args, parameters) {
    expectCount(this, args, 1);
    expectNoParameters(this, parameters);
    expectValue(this, args, 0);
    const [{ type }] = args as [(typeof args)[0]];
    return {
      returns: { kind: 'array', element: removeNullable(type) },
      argumentTypes: [type],
      create: () => new UniqArrayAccumulator(type),
    };
  },
};

function limitOf(name: string, parameters: readonly Value[]): number {
  if (parameters.length === 0) return Infinity;
  const limit = Number(parameters[0]);
  if (parameters.length > 1 || !Number.isInteger(limit) || limit < 1)
    throw wrongValue(name, 'it takes one parameter, how many values to keep, from 1');
  return limit;
}

class ArrayAccumulator implements Accumulator {
  readonly #element: DataType;
  readonly #limit: number;
  #lists: Value[][] = [];
  #valueBytes = 0;

  constructor(element: DataType, limit: number) {
    this.#element = element;
    this.#limit = limit;
  }

  resize(count: number): void {
    while (this.#lists.length < count) this.#lists.push([]);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const nulls = nullMask(args, rowCount);
    const read = valueReader(args[0]!, this.#element);
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group >= 0 && (nulls === null || nulls[row] === 0)) this.#push(group, read(row));
    }
  }

  merge(into: number, other: ArrayAccumulator, from: number): void {
    for (const value of other.#lists[from]!) this.#push(into, value);
  }

  evaluate(groups: Int32Array, count: number): Column {
    return { kind: 'value', values: Array.from({ length: count }, (_, i) => [...this.#lists[groups[i]!]!]) };
  }

  reset(group: number): void {
    for (const value of this.#lists[group]!) this.#valueBytes -= valueSizeBytes(value);
    this.#lists[group] = [];
  }

  get sizeBytes(): number {
    return this.#valueBytes + this.#lists.length * 32;
  }

  save(group: number): unknown {
    return this.#lists[group]!.map(saveValue);
  }

  load(group: number, state: unknown): void {
    this.reset(group);
    for (const value of state as unknown[]) this.#push(group, loadValue(value, this.#element));
  }

  #push(group: number, value: Value): void {
    const list = this.#lists[group]!;
    if (list.length >= this.#limit) return;
    list.push(value);
    this.#valueBytes += valueSizeBytes(value);
  }
}

class UniqArrayAccumulator implements Accumulator {
  readonly #values: DistinctValues;

  constructor(type: DataType) {
    this.#values = new DistinctValues([type]);
  }

  resize(count: number): void {
    this.#values.resize(count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    this.#values.add(args, groups, rowCount);
  }

  merge(into: number, other: UniqArrayAccumulator, from: number): void {
    this.#values.merge(into, other.#values, from);
  }

  evaluate(groups: Int32Array, count: number): Column {
    return { kind: 'value', values: Array.from({ length: count }, (_, i) => this.#values.list(groups[i]!)) };
  }

  reset(group: number): void {
    this.#values.reset(group);
  }

  get sizeBytes(): number {
    return this.#values.sizeBytes;
  }

  save(group: number): unknown {
    return this.#values.save(group);
  }

  load(group: number, state: unknown): void {
    this.#values.load(group, state);
  }
}
