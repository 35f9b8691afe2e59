import type { PlanContext } from '../context.ts';
import type { PlanNode } from '../plan.ts';
import { mergeProjects } from './merge-projects.ts';
import { pruneColumns } from './prune-columns.ts';
import { pushFilters } from './push-filters.ts';

/** What every plan goes through once it is lowered: filters down, projections together, unused columns out. */
export function rewrite(root: PlanNode, context: PlanContext): PlanNode {
  return mergeProjects(pruneColumns(mergeProjects(pushFilters(root), context)), context);
}
