import type { StreamDefinition } from '@millrace/catalog';
import type { CommonTable, Query } from '@millrace/sql';
import type { PlanContext } from '../context.ts';
import type { PlanNode, WatermarkPlan } from '../plan.ts';
import type { Place } from '../plan-error.ts';
import type { QuerySettings } from '../settings/query-settings.ts';
import type { Relation } from './relation.ts';

/** What is gathered while a query is planned. */
export interface Findings {
  readonly notices: Set<string>;
  readonly streams: Set<string>;
  readonly sources: SourceTable;
  /** How many SELECTs were planned, views and CTEs counted wherever they stand. */
  selectCount: number;
}

/** Views and CTEs that stand twice in each other double the query at each step. */
export const maxSelects = 2000;

/** What a predicate may become a position in: the columns of stream sources that stand for time and offset. */
export type SourceTable = WeakMap<PlanNode, StreamSource>;

export interface StreamSource {
  readonly definition: StreamDefinition;
  /** Columns of the source's node that hold the event time of the row. */
  readonly timeColumns: ReadonlySet<number>;
  readonly offsetColumn: number;
}

/** Where a query is being planned: each subquery, CTE and view has its own, made from that around it. */
export interface Planning {
  readonly context: PlanContext;
  readonly settings: QuerySettings;
  readonly commonTables: ReadonlyMap<string, BoundCommonTable>;
  /** True under `table(…)`: every source is read to its end. */
  readonly bounded: boolean;
  /** The views being expanded, from the outermost. */
  readonly views: readonly string[];
  readonly findings: Findings;
  /** Plans the query of a subquery, CTE or view: a FROM may hold a whole query again. */
  readonly planQuery: (query: Query, planning: Planning) => Relation;
}

export interface BoundCommonTable {
  readonly table: CommonTable;
  /** What its query sees: the tables before it. */
  readonly planning: Planning;
}

/** What a window asks of its source. */
export type WatermarkRequest = Omit<WatermarkPlan, 'time'> & { readonly place: Place };
