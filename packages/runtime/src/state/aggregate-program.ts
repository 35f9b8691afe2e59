import { assert } from '@millrace/core';
import { type Chunk, type Column, type DataType, formatDataType, gather, sliceColumn } from '@millrace/data';
import { type Accumulator, aggregateFunction, type KernelContext, type ResolvedAggregate } from '@millrace/functions';
import type { AggregateNode, PlanAggregate } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';

/** The columns that an aggregation takes of a chunk. */
export interface AggregateInput {
  readonly keys: readonly Column[];
  /** The arguments of each aggregate. */
  readonly args: readonly (readonly Column[])[];
  readonly rowCount: number;
}

/** Aggregates whose answer does not depend on the order of the rows: their states over panes may be merged in any order. */
const orderless =
  /^(?:count|count_distinct|unique|unique_exact|sum|avg|min|max|quantile|median|p9[059]|stddev_\w+|var_\w+|covar_\w+|corr)(?:_if)?$/;

/** What the keys and aggregates of a plan node compile to; shared by all states of the operator. */
export class AggregateProgram {
  readonly keyTypes: readonly DataType[];
  /** True if states over parts of a window merge into the state of the window. */
  readonly merges: boolean;
  readonly #aggregates: readonly PlanAggregate[];
  readonly #resolved: readonly ResolvedAggregate[];
  readonly #argumentCounts: readonly number[];
  readonly #project: Projection;
  readonly #context: KernelContext;

  constructor({ keys, aggregates }: Pick<AggregateNode, 'keys' | 'aggregates'>, context: KernelContext) {
    this.#context = context;
    this.keyTypes = keys.map(({ type }) => type);
    this.#aggregates = aggregates;
    this.merges = aggregates.every((aggregate) => orderless.test(aggregate.function));
    this.#resolved = aggregates.map((aggregate) => {
      const definition = aggregateFunction(aggregate.function);
      assert(definition !== undefined, `the plan calls the aggregate ${aggregate.function}, which does not exist`);
      return definition.resolve(aggregate.resolvedFrom, aggregate.parameters);
    });
    this.#argumentCounts = aggregates.map((aggregate) => aggregate.arguments.length);
    this.#project = compileProjection([...keys, ...aggregates.flatMap((aggregate) => aggregate.arguments)], context);
  }

  input(chunk: Chunk): AggregateInput {
    const columns = this.#project(chunk);
    const keys = columns.slice(0, this.keyTypes.length);
    let at = keys.length;
    const args = this.#argumentCounts.map((count) => columns.slice(at, (at += count)));
    return { keys, args, rowCount: chunk.rowCount };
  }

  createAccumulators(): Accumulator[] {
    return this.#resolved.map((resolved) => resolved.create(this.#context));
  }

  /** What the states of groups hold: part of the schema of whoever saves them. */
  get schema(): string {
    const formats = this.createAccumulators().map(({ format }) => format);
    const aggregates = this.#aggregates.map((aggregate, i) => `${describe(aggregate)} as ${formats[i]!}`);
    return `keys (${this.keyTypes.map(formatDataType).join(', ')}); aggregates (${aggregates.join('; ')})`;
  }
}

/** Function, parameters, and the types of the arguments; constants with their values. */
function describe({ function: name, parameters, arguments: args }: PlanAggregate): string {
  const texts = args.map((argument) =>
    argument.kind === 'constant' ? `${formatDataType(argument.type)} ${String(argument.value)}` : formatDataType(argument.type),
  );
  return `${name}${parameters.length > 0 ? `(${parameters.map(String).join(', ')})` : ''}(${texts.join(', ')})`;
}

/** Rows `rows[0 … count)` of an input. */
export function takeInput(input: AggregateInput, rows: Int32Array, count: number): AggregateInput {
  const taken = new Map<Column, Column>();
  const take = (column: Column) => {
    let result = taken.get(column);
    if (result === undefined) taken.set(column, (result = gather(column, rows, count)));
    return result;
  };
  return { keys: input.keys.map(take), args: input.args.map((columns) => columns.map(take)), rowCount: count };
}

/** One row of an input. */
export function rowOfInput(input: AggregateInput, row: number): AggregateInput {
  const slice = (column: Column) => sliceColumn(column, row, row + 1);
  return { keys: input.keys.map(slice), args: input.args.map((columns) => columns.map(slice)), rowCount: 1 };
}
