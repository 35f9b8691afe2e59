import { MillraceError } from '@millrace/core';
import { type DataType, removeNullable, type Value } from '@millrace/data';
import { type AggregateFunction, aggregateFunction } from '@millrace/functions';
import type { Call } from '@millrace/sql';
import type { PlanContext } from '../context.ts';
import { argumentOf, coerce, constant } from '../expression/build.ts';
import { expressionKey, plainKey } from '../expression/expression-key.ts';
import type { PlanAggregate, PlanExpression } from '../plan.ts';

/**
 * The aggregates of one SELECT. While its expressions are bound, aggregate number i is the column of index −1 − i: a place that
 * no input has; once all are bound they are moved to the columns of the aggregation's output. Equal aggregates are one.
 */
export class AggregateCalls {
  readonly #calls: PlanAggregate[] = [];
  readonly #byKey = new Map<string, number>();

  get calls(): readonly PlanAggregate[] {
    return this.#calls;
  }

  add(aggregate: PlanAggregate): PlanExpression {
    const key = `${aggregate.function}${plainKey(aggregate.parameters)}(${aggregate.arguments.map(expressionKey).join(',')})`;
    let number = this.#byKey.get(key);
    if (number === undefined) {
      number = this.#calls.push(aggregate) - 1;
      this.#byKey.set(key, number);
    }
    return { kind: 'column', type: aggregate.type, index: -1 - number };
  }
}

/** The number of the aggregate that a column stands for, or undefined if it is a column of the input. */
export function aggregateNumber(index: number): number | undefined {
  return index < 0 ? -1 - index : undefined;
}

const distinctForms: Readonly<Record<string, string>> = {
  count: 'count_distinct',
  group_array: 'group_uniq_array',
  // A value that comes again changes none of these.
  min: 'min',
  max: 'max',
  any: 'any',
  count_distinct: 'count_distinct',
  group_uniq_array: 'group_uniq_array',
};

/** The aggregate that a call names; `count(DISTINCT x)` is `count_distinct(x)`. Undefined for other functions; null if it has no DISTINCT form. */
export function aggregateOf(call: Call): AggregateFunction | undefined | null {
  const plain = aggregateFunction(call.name.name);
  if (plain === undefined || !call.distinct) return plain;
  const conditional = /^(.*)_if$/.exec(plain.name);
  const name = distinctForms[conditional?.[1] ?? plain.name];
  if (name === undefined) return null;
  return aggregateFunction(conditional === null ? name : `${name}_if`) ?? null;
}

/** @throws {MillraceError} as {@link AggregateFunction.resolve}, without position. */
export function resolveAggregate(
  definition: AggregateFunction,
  given: readonly PlanExpression[],
  parameters: readonly Value[],
  context: PlanContext,
): PlanAggregate {
  const args = typedNulls(definition, given, parameters);
  const resolvedFrom = args.map(argumentOf);
  const resolved = definition.resolve(resolvedFrom, parameters);
  const convert = (argument: PlanExpression, index: number) =>
    coerce(argument, asNullableAs(resolved.argumentTypes[index]!, argument.type), context);
  return { function: definition.name, type: resolved.returns, parameters, arguments: args.map(convert), resolvedFrom };
}

/** A bare NULL is one of a number where the aggregate takes no value without a type: `sum(NULL)`. */
function typedNulls(
  definition: AggregateFunction,
  args: readonly PlanExpression[],
  parameters: readonly Value[],
): readonly PlanExpression[] {
  if (!args.some(({ type }) => removeNullable(type).kind === 'nothing')) return args;
  try {
    definition.resolve(args.map(argumentOf), parameters);
    return args;
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'PLAN_ARGUMENT_TYPE') throw error;
    const none = constant({ kind: 'nullable', inner: { kind: 'float64' } }, null);
    return args.map((argument) => (removeNullable(argument.type).kind === 'nothing' ? none : argument));
  }
}

function asNullableAs(type: DataType, given: DataType): DataType {
  return given.kind === 'nullable' && type.kind !== 'nullable' ? { kind: 'nullable', inner: removeNullable(type) } : type;
}
