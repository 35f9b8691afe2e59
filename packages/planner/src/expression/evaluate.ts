import { assert } from '@millrace/core';
import { castValue, type Value } from '@millrace/data';
import { type Kernel, type KernelContext, type ResolvedFunction, scalarFunction } from '@millrace/functions';
import type { PlanExpression } from '../plan.ts';
import { walkPlanExpression } from './map-plan-expression.ts';

type Parameters = ReadonlyMap<number, Value>;

/** True if the expression uses no column: then it has a value without a row. */
export function canEvaluate(expression: PlanExpression): boolean {
  let hasColumn = false;
  walkPlanExpression(expression, (node) => {
    if (node.kind === 'column') hasColumn = true;
  });
  return !hasColumn;
}

/**
 * The value of an expression without columns, by walking the tree: for constants in the query's text.
 * @throws {MillraceError} DATA_* if it has none.
 */
export function evaluatePlanExpression(expression: PlanExpression, context: KernelContext, parameters: Parameters = new Map()): Value {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'parameter':
      return parameters.get(expression.id)!;
    case 'cast':
      return castValue(evaluatePlanExpression(expression.operand, context, parameters), expression.operand.type, expression.type, context);
    case 'lambda':
      return lambdaValue(expression, context, parameters) as never;
    case 'call':
      return evaluateCall(expression, context, parameters);
    case 'column':
      return assert(false, 'a column has no value without a row') as never;
  }
}

function lambdaValue(lambda: PlanExpression & { kind: 'lambda' }, context: KernelContext, outer: Parameters) {
  return (...values: Value[]) => {
    const inner = new Map(outer);
    for (const [index, { id }] of lambda.parameters.entries()) inner.set(id, values[index]!);
    return evaluatePlanExpression(lambda.body, context, inner);
  };
}

function evaluateCall(call: PlanExpression & { kind: 'call' }, context: KernelContext, parameters: Parameters): Value {
  const resolved: ResolvedFunction = scalarFunction(call.function)!.resolve(call.resolvedFrom);
  const values = call.arguments.map((argument) => evaluatePlanExpression(argument, context, parameters));
  if (resolved.nulls === 'propagate' && values.includes(null)) return null;
  return runKernel(resolved.kernel, values, context);
}

function runKernel(kernel: Kernel, values: readonly Value[], context: KernelContext): Value {
  switch (kernel.kind) {
    case 'row':
      return kernel.create(context)(...(values as never[]));
    case 'constant':
      return kernel.create(context)();
    case 'code': {
      // The text comes from the function's definition, over variables of our own names: never from the query.
      const names = values.map((_, index) => `value${index}`);
      return new Function(...names, `return ${kernel.emit(...names)};`)(...values) as Value;
    }
  }
}
