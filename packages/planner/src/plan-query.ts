import type { Query } from '@millrace/sql';
import type { PlanContext } from './context.ts';
import type { Planning } from './lower/planning.ts';
import { planQueryRelation } from './lower/query.ts';
import type { Relation } from './lower/relation.ts';
import type { QueryPlan } from './plan.ts';
import { rewrite } from './rewrite/rewrite.ts';
import { resolveQuerySettings } from './settings/query-settings.ts';

/**
 * Plans a query: binds its names against the catalog, types everything, lowers it, pushes positions, filters and columns down.
 *
 * @param query parsed from `context.source`
 * @returns plain data, fit for a worker
 * @throws {MillraceError} PLAN_* and NOT_SUPPORTED with position, source and, where a name is unknown, the nearest one
 */
export function planQuery(query: Query, context: PlanContext): QueryPlan {
  const planning = beginPlanning(context);
  return finishPlanning(planQueryRelation(query, planning), planning);
}

/** The place of a whole query: no CTEs, no views, the settings of the request. */
export function beginPlanning(context: PlanContext): Planning {
  return {
    context,
    settings: resolveQuerySettings(context.settings),
    commonTables: new Map(),
    bounded: false,
    views: [],
    planQuery: planQueryRelation,
    findings: { notices: new Set(), streams: new Set(), sources: new WeakMap(), selectCount: 0 },
  };
}

/** The rewritten plan of a relation. */
export function finishPlanning({ node, flow }: Relation, { context, findings }: Planning): QueryPlan {
  const root = rewrite(node, context);
  return {
    root,
    schema: root.schema,
    bounded: flow === 'bounded',
    notices: [...findings.notices],
    streams: [...findings.streams],
    timezone: context.timezone,
  };
}
