import { isNullable } from '@millrace/data';
import { argumentOf, boolType } from '../expression/build.ts';
import { columnsOf, substituteColumns } from '../expression/columns-of.ts';
import { isDeterministic } from '../expression/expression-key.ts';
import type { FilterNode, PlanExpression, PlanNode, ProjectNode, UnnestNode } from '../plan.ts';
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
  if (input.node === 'unnest') return pushBelowUnnest(filter, input);
  return input.node === 'filter' ? mergeFilters(filter, input) : filter;
}

/** Rows are dropped before they are unfolded by the conditions, up to the first one in which their elements have a say. */
function pushBelowUnnest(filter: FilterNode, unnest: UnnestNode): PlanNode {
  const element = unnest.schema.length - 1;
  const { predicate } = filter;
  const conditions = predicate.kind === 'call' && predicate.function === 'and' ? predicate.arguments : [predicate];
  const first = conditions.findIndex((condition) => columnsOf([condition]).has(element) || !isDeterministic(condition));
  const [below, above] = first < 0 ? [conditions, []] : [conditions.slice(0, first), conditions.slice(first)];
  if (below.length === 0) return filter;
  const inner: FilterNode = { ...filter, schema: unnest.input.schema, input: unnest.input, predicate: conjunction(below) };
  const pushed: UnnestNode = { ...unnest, input: pushOne(inner) };
  return above.length === 0 ? pushed : { ...filter, input: pushed, predicate: conjunction(above) };
}

/** The inner condition first, as it was written: the outer one may count on it. */
function mergeFilters(outer: FilterNode, inner: FilterNode): PlanNode {
  return { ...inner, predicate: conjunction([inner.predicate, outer.predicate]) };
}

function conjunction(conditions: readonly PlanExpression[]): PlanExpression {
  if (conditions.length === 1) return conditions[0]!;
  const type = conditions.find((condition) => isNullable(condition.type))?.type ?? boolType;
  return { kind: 'call', type, function: 'and', arguments: conditions, resolvedFrom: conditions.map(argumentOf) };
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
