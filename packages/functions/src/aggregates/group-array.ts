import { type Column, type DataType, readValue, removeNullable, type Value, valueReader, valueSizeBytes, writeValue } from '@millrace/data';
import { wrongValue } from '../argument-error.ts';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { DistinctValues } from './distinct-values.ts';
import { GrowingLists } from './growing-lists.ts';
import { nullMask } from './lanes.ts';
import { expectCount, expectNoParameters, expectValue } from './resolve-arguments.ts';

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
  readonly #saved = new GrowingLists();
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
    this.#saved.forget(group);
  }

  get sizeBytes(): number {
    return this.#valueBytes + this.#lists.length * 32 + this.#saved.sizeBytes;
  }

  readonly format = 'list';

  save(from: number, to: number, states: GroupStateWriter): void {
    for (let group = from; group < to; group++) {
      const list = this.#lists[group]!;
      this.#saved.save(group, list.length, states, (out, first, end) => {
        for (let i = first; i < end; i++) writeValue(out, list[i]!, this.#element);
      });
    }
  }

  load(from: number, to: number, states: GroupStateReader): void {
    for (let group = from; group < to; group++)
      this.#saved.load(group, states, (bytes, count) => {
        for (let i = 0; i < count; i++) this.#push(group, readValue(bytes, this.#element));
      });
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
