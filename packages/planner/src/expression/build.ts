import { assert, MillraceError } from '@millrace/core';
import {
  canCast,
  castValue,
  type DataType,
  formatDataType,
  isNullable,
  makeNullable,
  removeNullable,
  sameType,
  type Value,
} from '@millrace/data';
import { type Argument, type ResolvedFunction, scalarFunction } from '@millrace/functions';
import { kernelContext, type PlanContext } from '../context.ts';
import type { PlanExpression } from '../plan.ts';
import { canEvaluate, evaluatePlanExpression } from './evaluate.ts';

export const boolType: DataType = { kind: 'bool' };
export const stringType: DataType = { kind: 'string' };
/** The type of event time: ticks are ms. */
export const eventTimeType: DataType = { kind: 'datetime64', precision: 3, zone: 'UTC' };

export function constant(type: DataType, value: Value): PlanExpression {
  return { kind: 'constant', type, value };
}

export function column(index: number, type: DataType): PlanExpression {
  return { kind: 'column', type, index };
}

/** A date-time as datetime64(3), whatever its zone: so that its lanes are ms. */
export function asEventTime(time: PlanExpression, context: PlanContext): PlanExpression {
  const type = removeNullable(time.type);
  if (type.kind === 'datetime64' && type.precision === 3) return time;
  return coerce(time, isNullable(time.type) ? makeNullable(eventTimeType) : eventTimeType, context);
}

/** What a function sees of an argument. */
export function argumentOf(expression: PlanExpression): Argument {
  if (expression.kind === 'constant') return { type: expression.type, constant: { value: expression.value } };
  if (expression.kind === 'lambda') return { type: expression.type, lambda: { parameterCount: expression.parameters.length } };
  return { type: expression.type };
}

/**
 * The expression as a value of the type; constants are converted at once.
 * @throws {MillraceError} PLAN_TYPE_MISMATCH if no value converts, DATA_CAST_FAILED if this constant does not.
 */
export function coerce(expression: PlanExpression, type: DataType, context: PlanContext): PlanExpression {
  if (sameType(expression.type, type) || expression.kind === 'lambda') return expression;
  if (expression.kind === 'constant') return constant(type, castValue(expression.value, expression.type, type, context));
  if (!canCast(expression.type, type)) {
    throw new MillraceError('PLAN_TYPE_MISMATCH', `${formatDataType(expression.type)} does not convert to ${formatDataType(type)}`);
  }
  return { kind: 'cast', type, operand: expression };
}

/**
 * Resolves a scalar function for its arguments, puts in the casts that its kernel needs, and computes it if all are constants.
 * @throws {MillraceError} as {@link ScalarFunction.resolve} and {@link coerce}, without position.
 */
export function callFunction(name: string, args: readonly PlanExpression[], context: PlanContext): PlanExpression {
  const definition = scalarFunction(name);
  assert(definition !== undefined, `the function ${name} is not there`);
  const resolvedFrom = args.map(argumentOf);
  const resolved = definition.resolve(resolvedFrom);
  const call: PlanExpression = {
    kind: 'call',
    type: resultType(resolved, args),
    function: definition.name,
    arguments: args.map((argument, index) => convertArgument(argument, resolved, index, context)),
    resolvedFrom,
  };
  return fold(call, context);
}

function resultType({ returns, nulls }: ResolvedFunction, args: readonly PlanExpression[]): DataType {
  return nulls === 'propagate' && args.some(({ type }) => isNullable(type)) ? makeNullable(returns) : returns;
}

function convertArgument(argument: PlanExpression, { argumentTypes, nulls }: ResolvedFunction, index: number, context: PlanContext) {
  const type = argumentTypes[index]!;
  // A kernel that never sees NULL names its types without it.
  const target = nulls === 'propagate' && isNullable(argument.type) ? makeNullable(removeNullable(type)) : type;
  return coerce(argument, target, context);
}

/**
 * The value of a call or cast of constants, as a constant; anything else as it is. What fails on these constants stays too:
 * it may stand where it is never computed.
 */
export function fold(expression: PlanExpression, context: PlanContext): PlanExpression {
  if (!isFoldable(expression)) return expression;
  try {
    return constant(expression.type, evaluatePlanExpression(expression, kernelContext(context)));
  } catch (error) {
    if (error instanceof MillraceError && error.actor === 'data') return expression;
    throw error;
  }
}

function isFoldable(expression: PlanExpression): boolean {
  if (expression.kind === 'cast') return expression.operand.kind === 'constant';
  if (expression.kind !== 'call' || scalarFunction(expression.function)?.deterministic !== true) return false;
  return expression.arguments.every((argument) => argument.kind === 'constant' || (argument.kind === 'lambda' && canEvaluate(argument)));
}
