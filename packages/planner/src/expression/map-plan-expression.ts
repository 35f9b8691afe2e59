import type { PlanExpression } from '../plan.ts';

/** The expression with `change` applied to its direct parts; the same object if no part changed. */
function mapParts(expression: PlanExpression, change: (part: PlanExpression) => PlanExpression): PlanExpression {
  switch (expression.kind) {
    case 'constant':
    case 'column':
    case 'parameter':
      return expression;
    case 'cast': {
      const operand = change(expression.operand);
      return operand === expression.operand ? expression : { ...expression, operand };
    }
    case 'lambda': {
      const body = change(expression.body);
      return body === expression.body ? expression : { ...expression, body };
    }
    case 'call': {
      const args = expression.arguments.map(change);
      return args.every((argument, index) => argument === expression.arguments[index]) ? expression : { ...expression, arguments: args };
    }
  }
}

/** Rebuilds from the leaves up. Nodes without a change are shared. */
export function mapPlanExpression(expression: PlanExpression, change: (node: PlanExpression) => PlanExpression): PlanExpression {
  return change(mapParts(expression, (part) => mapPlanExpression(part, change)));
}

/** Rebuilds from the root down: where `replace` gives something, it stands there and its inside is not visited. */
export function replaceInPlanExpression(
  expression: PlanExpression,
  replace: (node: PlanExpression) => PlanExpression | undefined,
): PlanExpression {
  return replace(expression) ?? mapParts(expression, (part) => replaceInPlanExpression(part, replace));
}

/** Visits each node before its parts; if `visit` returns false, the parts are passed over. */
export function walkPlanExpression(expression: PlanExpression, visit: (node: PlanExpression) => unknown): void {
  if (visit(expression) === false) return;
  mapParts(expression, (part) => {
    walkPlanExpression(part, visit);
    return part;
  });
}
