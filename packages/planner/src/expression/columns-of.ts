import type { PlanExpression } from '../plan.ts';
import { mapPlanExpression, walkPlanExpression } from './map-plan-expression.ts';

/** The indexes of the columns that expressions use. */
export function columnsOf(expressions: Iterable<PlanExpression>): Set<number> {
  const indexes = new Set<number>();
  for (const expression of expressions) {
    walkPlanExpression(expression, (node) => {
      if (node.kind === 'column') indexes.add(node.index);
    });
  }
  return indexes;
}

/** The expression with `inputs[i]` in the place of column i. */
export function substituteColumns(expression: PlanExpression, inputs: readonly PlanExpression[]): PlanExpression {
  return mapPlanExpression(expression, (node) => (node.kind === 'column' ? inputs[node.index]! : node));
}

/** The expression over a chunk whose column i is now column `indexes[i]`. */
export function moveColumns(expression: PlanExpression, indexes: ReadonlyMap<number, number>): PlanExpression {
  return mapPlanExpression(expression, (node) => {
    if (node.kind !== 'column') return node;
    const index = indexes.get(node.index)!;
    return index === node.index ? node : { ...node, index };
  });
}
