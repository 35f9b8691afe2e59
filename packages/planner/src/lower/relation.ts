import type { DataType } from '@millrace/data';
import type { ScopeColumn } from '../bind/scope.ts';
import type { PlanExpression, PlanNode, WindowPlan } from '../plan.ts';

/**
 * What comes out of a relation: all rows and then the end; rows as they come; the groups of windows as they close, each once;
 * or snapshots that replace each other.
 */
export type Flow = 'bounded' | 'tail' | 'windows' | 'snapshots';

/** A bound FROM, or the result of a SELECT. */
export interface Relation {
  readonly node: PlanNode;
  readonly columns: readonly ScopeColumn[];
  readonly flow: Flow;
  /** Names before the dot. */
  readonly qualifiers: readonly string[];
  /** The event time where a window function names none; null if there is none. */
  readonly defaultTime: DefaultTime | null;
  /** Set on `tumble(…)` and `hop(…)`: what the aggregation over it does. */
  readonly window: PendingWindow | null;
}

export interface DefaultTime {
  readonly column: PlanExpression;
  /** The type that window_start and window_end take. */
  readonly boundType: DataType;
}

/** A window function that waits for the SELECT to group by its columns. */
export interface PendingWindow {
  /** `tumble`, `hop`: as errors name it. */
  readonly name: string;
  readonly plan: WindowPlan;
  /** The indexes of `window_start` and `window_end` while the SELECT is bound. */
  readonly startIndex: typeof windowStartIndex;
  readonly endIndex: typeof windowEndIndex;
}

/** Places for the columns of a window that no input reaches, whatever is put behind its columns. */
export const windowStartIndex = 1_000_000_000;
export const windowEndIndex = 1_000_000_001;

/** The columns of a node under their own names. */
export function columnsOfSchema(schema: PlanNode['schema']): ScopeColumn[] {
  return schema.map(({ name, type }, index) => ({ name, type, index, hidden: false }));
}
