import type { Catalog, ColumnDefinition, MaterializedViewDefinition } from '@millrace/catalog';
import { asMillraceError } from '@millrace/core';
import { formatDataType } from '@millrace/data';
import { compareState, type PlanContext, type StateFate, splitView } from '@millrace/planner';
import { planDefinition } from './plan-definition.ts';
import { layoutOf, layoutRefusal } from './view-layout.ts';
import { keepsDeadLetters } from './view-names.ts';

/** What becomes of what a view has, when another definition takes the place of its own. */
export interface ViewUpgrade {
  readonly fates: readonly Fate[];
  /** Why it cannot be done at all; null if it can. */
  readonly refusal: string | null;
  /** True if state is lost, or would begin empty in the midst of the log. */
  readonly changesState: boolean;
}

interface Fate {
  readonly what: string;
  readonly fate: StateFate['fate'] | 'changed';
  readonly note: string;
}

/** What belongs to the topic of a view, which stays as it was made. */
const topicSettings = ['shards', 'replication_factor', 'retention_bytes', 'retention_ms'];

/** @throws {MillraceError} PLAN_* if the new definition cannot be planned */
export function upgradeOf(
  before: MaterializedViewDefinition,
  after: MaterializedViewDefinition,
  context: PlanContext,
  catalog: Pick<Catalog, 'dependentsOf'>,
): ViewUpgrade {
  const state = stateFates(before, after, context);
  const columns = columnFates(before, after);
  const isQuieted = keepsDeadLetters(before) && !keepsDeadLetters(after);
  const letters: Fate = { what: 'dead letters', fate: 'kept', note: "shown and replayed when recovery_policy is 'best_effort' again" };
  return {
    fates: [...state, ...columns, ...(isQuieted ? [letters] : [])],
    refusal: refusalOf(before, after, columns, catalog) ?? shareRefusal(before, after, state, context),
    changesState: state.some(({ fate }) => fate !== 'kept'),
  };
}

/** The tasks of a shared view have a state each, and what is on its way between them: it is not dropped in one piece. */
function shareRefusal(
  before: MaterializedViewDefinition,
  after: MaterializedViewDefinition,
  state: readonly Fate[],
  context: PlanContext,
): string | null {
  if (layoutOf(before) === null) return null;
  const changed = state.find(({ fate }) => fate !== 'kept');
  if (changed !== undefined)
    return `${changed.what} would be ${changed.fate}, and the state of a view with max_parallelism is not discarded`;
  try {
    const { plan } = planDefinition(after, context);
    splitView(plan, '');
    if (plan.givesWatermarks === planDefinition(before, context).plan.givesWatermarks) return null;
    return 'its stream would not say of event time what it has said so far';
  } catch (failure) {
    return asMillraceError(failure).message;
  }
}

function stateFates(before: MaterializedViewDefinition, after: MaterializedViewDefinition, context: PlanContext): Fate[] {
  const plan = planDefinition(after, context).plan;
  const notes = { kept: '', lost: 'what it holds is dropped', new: 'begins empty' };
  try {
    return compareState(planDefinition(before, context).plan, plan).map((fate) => ({ ...fate, note: notes[fate.fate] }));
  } catch (failure) {
    // What it reads is not what it was: nothing shows that any of its state still means the same.
    return [{ what: 'all state', fate: 'lost', note: `the view cannot be planned any more: ${asMillraceError(failure).message}` }];
  }
}

/** Rows that are written already have no value for a new column, and cannot be told from others by a changed one. */
function columnFates({ columns: old }: MaterializedViewDefinition, { columns }: MaterializedViewDefinition): Fate[] {
  const typeIn = (all: readonly ColumnDefinition[], name: string) => {
    const found = all.find((column) => column.name === name);
    return found && formatDataType(found.type);
  };
  const names = [...new Set([...old, ...columns].map(({ name }) => name))];
  return names.flatMap((name): Fate[] => {
    const [from, to] = [typeIn(old, name), typeIn(columns, name)];
    const what = `column ${name}`;
    if (from === to) return [];
    if (from === undefined) return [{ what, fate: 'new', note: 'empty in rows that are written already' }];
    return [to === undefined ? { what, fate: 'lost', note: '' } : { what, fate: 'changed', note: `${from} → ${to}` }];
  });
}

function refusalOf(
  before: MaterializedViewDefinition,
  after: MaterializedViewDefinition,
  columns: readonly Fate[],
  catalog: Pick<Catalog, 'dependentsOf'>,
): string | null {
  const { name } = before;
  if (before.into !== after.into) return `it writes ${before.into === null ? 'into a stream of its own' : `INTO ${before.into}`}`;
  const setting = topicSettings.find((key) => before.settings[key] !== after.settings[key]);
  if (setting !== undefined) return `${setting} belongs to its topic, which stays as it is`;
  const layout = layoutRefusal(before, after);
  if (layout !== null) return layout;
  if (before.into !== null || columns.length === 0) return null;
  const bad = columns.find(({ fate }) => fate !== 'new');
  if (bad !== undefined)
    return `its stream would not fit any more: ${bad.what} ${bad.fate === 'lost' ? 'is gone' : `changes, ${bad.note}`}`;
  const [reader] = catalog.dependentsOf(name);
  return reader === undefined ? null : `${reader} reads it, and would not know ${columns[0]!.what}`;
}
