import { isNullable } from '@millrace/data';
import { argumentOf, boolType } from '../expression/build.ts';
import { columnsOf, substituteColumns } from '../expression/columns-of.ts';
import type { FilterNode, PlanExpression, PlanNode, ProjectNode } from '../plan.ts';
import { mapInputs } from './map-inputs.ts';

/**
 * Moves filters below projections, towards the scan, so that rows are dropped before anything is computed of them.
 * A filter stays where it uses a column that costs something to compute: that would be computed twice.
 */
export function pushFilters(node: PlanNode): PlanNode {
  const inner = mapInputs(node, pushFilters);
  return inner.node === 'filter' ? pushOne(inner) : inner;
}

function pushOne(filter: FilterNode): PlanNode {
  const { input } = filter;
  if (input.node === 'project') return pushBelow(filter, input);
  return input.node === 'filter' ? mergeFilters(filter, input) : filter;
}

/** The inner condition first, as it was written: the outer one may count on it. */
function mergeFilters(outer: FilterNode, inner: FilterNode): PlanNode {
  const conditions = [inner.predicate, outer.predicate];
  const resolvedFrom = conditions.map(argumentOf);
  const type = conditions.find((condition) => isNullable(condition.type))?.type ?? boolType;
  return { ...inner, predicate: { kind: 'call', type, function: 'and', arguments: conditions, resolvedFrom } };
}

function pushBelow(filter: FilterNode, project: ProjectNode): PlanNode {
  const used = [...columnsOf([filter.predicate])].map((index) => project.expressions[index]!);
  if (!used.every(isCheap)) return filter;
  const predicate = substituteColumns(filter.predicate, project.expressions);
  const pushed: FilterNode = { node: 'filter', schema: project.input.schema, input: project.input, predicate };
  return { ...project, input: pushOne(pushed) };
}

/** Columns, constants, and what DEFAULT and event time make of them. */
function isCheap(expression: PlanExpression): boolean {
  if (expression.kind === 'column' || expression.kind === 'constant') return true;
  if (expression.kind === 'cast') return isCheap(expression.operand);
  return expression.kind === 'call' && expression.function === 'coalesce' && expression.arguments.every(isCheap);
}
