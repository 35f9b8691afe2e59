import type { PlanContext } from '../context.ts';
import { column, fold } from '../expression/build.ts';
import { substituteColumns } from '../expression/columns-of.ts';
import { isDeterministic } from '../expression/expression-key.ts';
import { mapPlanExpression, walkPlanExpression } from '../expression/map-plan-expression.ts';
import type { PlanExpression, PlanNode, ProjectNode } from '../plan.ts';
import { mapInputs } from './map-inputs.ts';

/** Makes one projection of two where nothing is computed twice by that; constants move up in any case. */
export function mergeProjects(node: PlanNode, context: PlanContext): PlanNode {
  const inner = mapInputs(node, (input) => mergeProjects(input, context));
  return inner.node === 'project' && inner.input.node === 'project' ? merge(inner, inner.input, context) : inner;
}

function merge(outer: ProjectNode, inner: ProjectNode, context: PlanContext): ProjectNode {
  const isWhole = canMerge(outer, inner);
  const inputs = inner.expressions.map((expression, index): PlanExpression => {
    return isWhole || expression.kind === 'constant' ? expression : column(index, expression.type);
  });
  const mergeOne = (expression: PlanExpression) => mapPlanExpression(substituteColumns(expression, inputs), (part) => fold(part, context));
  return { ...outer, input: isWhole ? inner.input : inner, expressions: outer.expressions.map(mergeOne) };
}

function canMerge(outer: ProjectNode, inner: ProjectNode): boolean {
  const uses = new Map<number, number>();
  for (const expression of outer.expressions) {
    walkPlanExpression(expression, (node) => {
      if (node.kind === 'lambda') countInside(node.body, uses);
      if (node.kind === 'column') uses.set(node.index, (uses.get(node.index) ?? 0) + 1);
      return node.kind !== 'lambda';
    });
  }
  return inner.expressions.every((expression, index) => isFree(expression) || ((uses.get(index) ?? 0) <= 1 && isDeterministic(expression)));
}

/** A lambda's body runs for every element: what it uses counts as used often. */
function countInside(body: PlanExpression, uses: Map<number, number>): void {
  walkPlanExpression(body, (node) => {
    if (node.kind === 'column') uses.set(node.index, 2);
  });
}

function isFree(expression: PlanExpression): boolean {
  return expression.kind === 'column' || expression.kind === 'constant';
}
