import { castValue, type DataType, isNullable, type Value } from '@millrace/data';
import type { Expression } from '@millrace/sql';
import { kernelContext, type PlanContext } from '../context.ts';
import { evaluatePlanExpression } from '../expression/evaluate.ts';
import type { PlanExpression } from '../plan.ts';
import { placed, planError } from '../plan-error.ts';
import { ExpressionBinder } from './expression-binder.ts';
import { Scope } from './scope.ts';

/** Binds an expression that names no columns: `VALUES (1, now())`. @throws {MillraceError} PLAN_* with position. */
export function planExpression(expression: Expression, context: PlanContext): PlanExpression {
  return new ExpressionBinder(new Scope([], []), context).bind(expression, { name: 'a constant', aggregates: null });
}

/**
 * The value of an expression without columns, as a value of the type: what an INSERT stores.
 * @throws {MillraceError} PLAN_* with position; PLAN_TYPE_MISMATCH if the value does not convert, or is no integer that the type holds.
 */
export function evaluateConstant(expression: Expression, targetType: DataType, context: PlanContext): Value {
  const bound = planExpression(expression, context);
  const place = { source: context.source, node: expression };
  return placed(place, () => {
    const own = evaluatePlanExpression(bound, kernelContext(context));
    const value = castValue(own, bound.type, targetType, { ...context, exactIntegers: true });
    if (value === null && !isNullable(targetType))
      throw planError('PLAN_TYPE_MISMATCH', 'NULL does not convert to a type that is not nullable', place);
    return value;
  });
}
