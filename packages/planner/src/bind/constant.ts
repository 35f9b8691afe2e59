import { type DataType, isNullable, type Value } from '@millrace/data';
import type { Expression } from '@millrace/sql';
import { kernelContext, type PlanContext } from '../context.ts';
import { coerce } from '../expression/build.ts';
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
 * The value of an expression without columns, as a value of the type.
 * @throws {MillraceError} PLAN_* with position; PLAN_TYPE_MISMATCH if the value does not convert.
 */
export function evaluateConstant(expression: Expression, targetType: DataType, context: PlanContext): Value {
  const bound = planExpression(expression, context);
  const place = { source: context.source, node: expression };
  return placed(place, () => {
    const converted = coerce(bound, targetType, context);
    const value = evaluatePlanExpression(converted, kernelContext(context));
    if (value === null && !isNullable(targetType))
      throw planError('PLAN_TYPE_MISMATCH', 'NULL does not convert to a type that is not nullable', place);
    return value;
  });
}
