import { type Column, type DataType, isBool, isNumeric, removeNullable, type Value } from '@millrace/data';
import { wrongCount, wrongType } from '../argument-error.ts';
import type { Accumulator, AggregateFunction, Argument, GroupStateReader, GroupStateWriter, ResolvedAggregate } from '../definition.ts';
import { likeNullable } from './resolve-arguments.ts';

/**
 * The `_if` form of an aggregate: it takes the aggregate's arguments and then a condition (bool, or a number that is not 0);
 * rows where the condition is false or NULL do not count.
 */
export function withIf(aggregate: AggregateFunction): AggregateFunction {
  const signature = signatureWithIf(aggregate.signature);
  return {
    kind: 'aggregate',
    name: `${aggregate.name}_if`,
    aliases: aggregate.aliases.map((alias) => `${alias}_if`),
    signature,
    help: `As ${aggregate.name}, over the rows for which the last argument is true.`,
    examples: aggregate.examples.filter(([sql]) => sql.includes('_if(')),
    see: 'ClickHouse: -If',
    resolve(args: readonly Argument[], parameters: readonly Value[]): ResolvedAggregate {
      const condition = args.at(-1);
      if (condition === undefined) throw wrongCount(this.name, signature, 0);
      if (!isCondition(condition.type)) throw wrongType(this.name, args.length - 1, condition.type, 'a condition (bool)');
      const inner = aggregate.resolve(args.slice(0, -1), parameters);
      return {
        returns: inner.returns,
        argumentTypes: [...inner.argumentTypes, likeNullable({ kind: 'bool' }, condition)],
        create: (context) => new IfAccumulator(inner.create(context)),
      };
    },
  };
}

function signatureWithIf(signature: string): string {
  const end = signature.lastIndexOf(') -> ');
  const separator = signature[end - 1] === '(' ? '' : ', ';
  return `${signature.slice(0, end)}${separator}condition bool${signature.slice(end)}`;
}

function isCondition(type: DataType): boolean {
  return isBool(type) || isNumeric(type) || removeNullable(type).kind === 'nothing';
}

/** Masks the groups of the rows that do not count, and leaves the rest to the aggregate. */
class IfAccumulator implements Accumulator {
  readonly #inner: Accumulator;
  #masked = new Int32Array(0);

  constructor(inner: Accumulator) {
    this.#inner = inner;
  }

  resize(count: number): void {
    this.#inner.resize(count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const { values, nulls } = args.at(-1) as Extract<Column, { kind: 'number' }>;
    if (this.#masked.length < rowCount) this.#masked = new Int32Array(rowCount);
    const masked = this.#masked;
    for (let row = 0; row < rowCount; row++) {
      const counts = values[row] !== 0 && (nulls === null || nulls[row] === 0);
      masked[row] = counts ? groups[row]! : -1;
    }
    this.#inner.update(args.slice(0, -1), masked, rowCount);
  }

  merge(into: number, other: IfAccumulator, from: number): void {
    this.#inner.merge(into, other.#inner, from);
  }

  evaluate(groups: Int32Array, count: number): Column {
    return this.#inner.evaluate(groups, count);
  }

  reset(group: number): void {
    this.#inner.reset(group);
  }

  get sizeBytes(): number {
    return this.#inner.sizeBytes + this.#masked.byteLength;
  }

  get format(): string {
    return this.#inner.format;
  }

  save(from: number, to: number, states: GroupStateWriter): void {
    this.#inner.save(from, to, states);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    this.#inner.load(from, to, states);
  }
}
