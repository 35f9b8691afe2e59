import type { MaterializedViewDefinition, StreamDefinition } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import type { ClusterOptions } from '@millrace/kafka-client';
import { type PlanContext, planView, type QueryPlan, splitView, takeViewSettings } from '@millrace/planner';
import type { ViewRequest } from '@millrace/runtime';
import { parseQuery } from '@millrace/sql';
import { planPlacement, recordOptions } from '../insert/stream-target.ts';
import { instanceIdOf } from './view-group.ts';
import { layoutOf, sharedNames } from './view-layout.ts';
import { viewNames } from './view-names.ts';

/** How views are run by this server. */
export interface ViewSurroundings {
  readonly cluster: ClusterOptions;
  readonly memoryBytes: number;
  /** Of this server: see DataDirectory. */
  readonly serverId: string;
  /** Where the snapshot of a view lies, by its id. */
  readonly snapshotPath: (id: string) => string;
}

/** A start reads at most about twice the state, or so much, of the changelog. */
const snapshotPace = { growthBytes: 16 * 1024 * 1024, pauseMs: 10_000 };

/** An open transaction of an owner that died holds readers back for so long. */
export const transactionTimeoutMs = 10_000;
/** An owner that is not heard of for so long loses its views to another server. */
const sessionTimeoutMs = 10_000;

/** The stream that a view writes into. @throws {MillraceError} INTERNAL_INVARIANT if INTO names none */
function targetOf({ name, into, stream }: MaterializedViewDefinition, { catalog }: PlanContext): StreamDefinition {
  const target = into === null ? stream : catalog.stream(into);
  if (target != null) return target;
  throw new MillraceError('INTERNAL_INVARIANT', `the materialized view ${name} has no stream to write into`);
}

/**
 * The plan of a view, made anew from its text: the same operators as long as what it reads is the same.
 * @throws {MillraceError} PLAN_* if what it reads has changed
 */
export function planDefinition(definition: MaterializedViewDefinition, context: PlanContext) {
  const own = { ...context, source: definition.sql };
  const { settings, query } = takeViewSettings(parseQuery(definition.sql), { into: definition.into !== null }, own);
  const target = targetOf(definition, own);
  const plan = planView(target, query, own);
  // Others may write into the stream that INTO names, and have come less far.
  const { givesWatermarks: _, ...silent } = plan;
  const told: QueryPlan = definition.into === null ? plan : silent;
  return { plan: told, target, settings };
}

/** A task of a view. */
export interface TaskRequest {
  /** What it reads and gives: of a view that is shared in two steps, `rows` are read from the source and sent on, and `groups` come of them. */
  readonly reads: 'source' | 'exchange';
  readonly writes: 'target' | 'exchange';
  readonly request: ViewRequest;
}

/**
 * The tasks of a view that this server takes part with.
 * @throws {MillraceError} as {@link planDefinition}
 */
export function viewRequests(definition: MaterializedViewDefinition, surroundings: ViewSurroundings, context: PlanContext): TaskRequest[] {
  const request = wholeRequest(definition, surroundings, context);
  const layout = layoutOf(definition);
  if (layout === null) return [{ reads: 'source', writes: 'target', request }];
  const { rows, groups, exchangeTopic } = sharedNames(definition);
  const stages = splitView(request.plan, exchangeTopic);
  const tasks = Array.from({ length: layout.tasks }, (_, index) => ({
    tasks: layout.tasks,
    instanceId: `${request.instanceId}.${index}`,
    memoryBytes: Math.ceil(request.memoryBytes / layout.tasks),
    snapshots: null,
  }));
  if (stages.kind === 'rows')
    return tasks.map((task) => ({ reads: 'source', writes: 'target', request: { ...request, ...task, ...rows } }));
  const sink = {
    kind: 'exchange',
    topic: exchangeTopic,
    partitions: layout.parts,
    keys: stages.keys,
    schema: stages.rows.schema,
    timeColumn: stages.timeColumn,
    replayTopic: request.replayTopic,
  } as const;
  // What has gone through the exchange can be told from no record of the source: it is neither put aside nor processed again.
  const behind = { ...groups, plan: stages.groups, deadLetterTopic: null, replayTopic: null };
  return [
    ...tasks.map((task): TaskRequest => {
      return { reads: 'source', writes: 'exchange', request: { ...request, ...task, ...rows, plan: stages.rows, sink } };
    }),
    ...tasks.map((task): TaskRequest => ({ reads: 'exchange', writes: 'target', request: { ...request, ...task, ...behind } })),
  ];
}

/** The view as one task has it. */
function wholeRequest(definition: MaterializedViewDefinition, surroundings: ViewSurroundings, context: PlanContext): ViewRequest {
  const own = { ...context, source: definition.sql };
  const { plan, target, settings } = planDefinition(definition, context);
  const timeIndex = target.columns.length;
  const { groupId, transactionalId, deadLetterTopic, replayTopic } = viewNames(definition.name, definition.id);
  return {
    ...surroundings.cluster,
    memoryBytes: surroundings.memoryBytes,
    view: definition.name,
    plan,
    sink: {
      kind: 'stream',
      format: target.dataFormat,
      options: recordOptions(context.timezone),
      schema: target.columns,
      target: {
        topic: target.topic,
        valueColumns: [...target.columns.keys()],
        time: { kind: 'column', type: plan.schema[timeIndex]!.type, index: timeIndex },
        ...planPlacement(target, own),
      },
    },
    tasks: null,
    groupId,
    instanceId: instanceIdOf(surroundings.serverId),
    transactionalId,
    changelogTopic: definition.changelogTopic,
    deadLetterTopic: settings.recoveryPolicy === 'best_effort' ? deadLetterTopic : null,
    replayTopic: settings.recoveryPolicy === 'best_effort' ? replayTopic : null,
    snapshots: { path: surroundings.snapshotPath(definition.id), ...snapshotPace },
    onLostData: settings.onLostData,
    commitIntervalMs: settings.commitIntervalMs,
    transactionTimeoutMs,
    sessionTimeoutMs,
  };
}
