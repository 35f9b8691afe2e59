import { castValue, type Value } from '@millrace/data';
import { type KernelContext, scalarFunction } from '@millrace/functions';
import type { PlanExpression } from '@millrace/planner';

/** Evaluates an expression for one row, value by value: the plainest thing that can be right. */
export function evaluate(
  expression: PlanExpression,
  row: readonly Value[],
  context: KernelContext,
  parameters = new Map<number, Value>(),
): Value {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'column':
      return row[expression.index]!;
    case 'parameter':
      return parameters.get(expression.id)!;
    case 'cast':
      return castValue(evaluate(expression.operand, row, context, parameters), expression.operand.type, expression.type, context);
    case 'lambda':
      return ((...values: Value[]) => {
        const inner = new Map(parameters);
        for (const [i, { id }] of expression.parameters.entries()) inner.set(id, values[i]!);
        return evaluate(expression.body, row, context, inner);
      }) as unknown as Value;
    case 'call': {
      const resolved = scalarFunction(expression.function)!.resolve(expression.resolvedFrom);
      const values = expression.arguments.map((argument) => evaluate(argument, row, context, parameters));
      if (resolved.nulls === 'propagate' && values.includes(null)) return null;
      const { kernel } = resolved;
      if (kernel.kind === 'constant') return kernel.create(context)();
      if (kernel.kind === 'row') return kernel.create(context)(...(values as never[]));
      const names = values.map((_, i) => `v${i}`);
      return new Function(...names, `return ${kernel.emit(...names)};`)(...values) as Value;
    }
  }
}
