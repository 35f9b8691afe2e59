import type { MaterializedViewDefinition } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import type { ViewSettings } from '@millrace/planner';
import { viewNames } from './view-names.ts';

type View = Pick<MaterializedViewDefinition, 'name' | 'id' | 'settings'>;
/** A view with what says how it is laid out. */
export type LaidOut = View & Pick<MaterializedViewDefinition, 'changelogTopic'>;

/** How a view is shared among tasks. */
export interface ViewLayout {
  readonly tasks: number;
  /** Into so many parts its groups are divided; it stays so for the view's life. */
  readonly parts: number;
}

const defaultParts = 64;

/** Null: one task has the view, and ever will. */
export function layoutOf({ settings }: Pick<View, 'settings'>): ViewLayout | null {
  const parts = settings['max_parallelism'];
  return parts === undefined ? null : { tasks: Number(settings['parallelism'] ?? 1), parts: Number(parts) };
}

/** The settings of a new view, with what belongs to its layout and was left open. @throws {MillraceError} PLAN_ARGUMENT_INVALID */
export function settingsWithLayout({ given, parallelism, maxParallelism }: ViewSettings): MaterializedViewDefinition['settings'] {
  if (parallelism === 1 && maxParallelism === null) return given;
  const parts = maxParallelism ?? Math.max(defaultParts, parallelism);
  checkTasks(parallelism, parts);
  return { ...given, max_parallelism: parts };
}

/** The settings of a statement that replaces a view: what is fixed of the layout stays as it was unless it says otherwise. */
export function settingsInPlaceOf(before: View, { given, maxParallelism }: ViewSettings): MaterializedViewDefinition['settings'] {
  const layout = layoutOf(before);
  return layout === null ? given : { ...given, max_parallelism: maxParallelism ?? layout.parts };
}

/** Why a view of one layout cannot go on as one of another; null if it can. */
export function layoutRefusal(before: View, after: View): string | null {
  const layout = layoutOf(before);
  const tasks = Number(after.settings['parallelism'] ?? 1);
  const parts = after.settings['max_parallelism'];
  if (layout === null) {
    if (tasks === 1 && parts === undefined) return null;
    return 'it was created without parallelism and max_parallelism: its state is in one piece';
  }
  if (Number(parts) !== layout.parts) return `max_parallelism belongs to its state, which stays as it is: ${layout.parts}`;
  return tasks > layout.parts ? `parallelism is ${tasks}, and max_parallelism ${layout.parts}` : null;
}

function checkTasks(tasks: number, parts: number): void {
  if (tasks <= parts) return;
  throw new MillraceError('PLAN_ARGUMENT_INVALID', `parallelism is ${tasks}, but must be at most max_parallelism, which is ${parts}`);
}

/** A consumer group of a view, and what its tasks are called in Kafka. */
export interface StageNames {
  readonly groupId: string;
  readonly transactionalId: string;
  readonly changelogTopic: string;
}

const rowsEnd = '.rows';

/** The changelog of a new view, which says whether rows change hands between its tasks. */
export function changelogOf({ name, id, settings }: View, hasGroups: boolean): string {
  const { changelogTopic } = viewNames(name, id);
  return hasGroups && layoutOf({ settings }) !== null ? `${changelogTopic}${rowsEnd}` : changelogTopic;
}

/** What the tasks of a shared view are called that read its source, those that have its groups, and where rows change hands between them. */
export function sharedNames({ name, id, changelogTopic }: Pick<MaterializedViewDefinition, 'name' | 'id' | 'changelogTopic'>) {
  const { groupId, base } = viewNames(name, id);
  const rows: StageNames = { groupId: `${groupId}.${id}.rows`, transactionalId: `${base}.${id}.rows`, changelogTopic };
  const groups: StageNames = {
    groupId: `${groupId}.${id}.groups`,
    transactionalId: `${base}.${id}.groups`,
    changelogTopic: changelogTopic.replace(/\.rows$/, '.groups'),
  };
  return { rows, groups, exchangeTopic: `millrace.exchange.${base.slice('millrace.'.length)}.${id}` };
}

/** What the stream of a shared view says of event time: see ScanNode.watermarkParts. */
export function streamSettings(view: Pick<View, 'settings'>, hasGroups: boolean, givesWatermarks: boolean) {
  const layout = layoutOf(view);
  return layout === null || !hasGroups ? {} : { watermark_parts: givesWatermarks ? layout.parts : 0 };
}

/** True if rows of the view change hands between its tasks. */
export function hasExchange({ changelogTopic }: Pick<MaterializedViewDefinition, 'changelogTopic'>): boolean {
  return changelogTopic.endsWith(rowsEnd);
}

/** The consumer groups of a view: the first reads its source. */
export function groupIdsOf(view: LaidOut): string[] {
  if (layoutOf(view) === null) return [viewNames(view.name, view.id).groupId];
  const { rows, groups } = sharedNames(view);
  return hasExchange(view) ? [rows.groupId, groups.groupId] : [rows.groupId];
}

/** Topics that hold the state of a view. */
export function changelogsOf(view: LaidOut): string[] {
  return hasExchange(view) ? [view.changelogTopic, sharedNames(view).groups.changelogTopic] : [view.changelogTopic];
}
