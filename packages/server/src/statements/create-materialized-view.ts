import { type MaterializedViewDefinition, type StreamDefinition, topicNameOf } from '@millrace/catalog';
import { delay, MillraceError } from '@millrace/core';
import {
  dependenciesOf,
  lastingSettings,
  planView,
  type QueryPlan,
  splitView,
  takeViewSettings,
  type ViewSettings,
  viewColumns,
} from '@millrace/planner';
import { type CreateMaterializedView, print } from '@millrace/sql';
import { isUndecided } from '../cluster/cluster-catalog-log.ts';
import { streamToInsert } from '../insert/insert-rows.ts';
import { streamsReadBy } from '../views/flush-views.ts';
import { committedBy } from '../views/view-group.ts';
import { changelogOf, changelogsOf, hasExchange, layoutOf, settingsWithLayout, sharedNames, streamSettings } from '../views/view-layout.ts';
import { notRunning } from '../views/view-registry.ts';
import { fixStart } from '../views/view-start.ts';
import { type Answer, noAnswer } from './answer.ts';
import { refuseTaken } from './create-stream.ts';
import { deleteOwnTopics, deleteViewTopics, dropMaterializedView } from './drop.ts';
import { planContext } from './plan-context.ts';
import { replaceMaterializedView } from './replace-materialized-view.ts';
import type { Request, Services } from './services.ts';
import { createLetterTopics, createStateTopic, createTopic } from './stream-topic.ts';

/** How many bytes a segment of a changelog holds: what is compacted at once, and read at a restart beyond what is compacted.
 * Local snapshots that are younger than half of the retention of deletes get to know of every key that is gone. */
const changelogConfigs = {
  'cleanup.policy': 'compact',
  'delete.retention.ms': String(24 * 60 * 60 * 1000),
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.3',
};

/** What is through is deleted by whole segments. */
const exchangeConfigs = { 'retention.ms': '-1', 'segment.bytes': String(16 * 1024 * 1024) };

/** A server that has died meanwhile is replaced by then. */
const beginWithinMs = 30_000;

/**
 * CREATE MATERIALIZED VIEW: answered when the view runs, so that what is written to its sources from then on is in it.
 * @throws {MillraceError} PLAN_*; then nothing of the view is left
 */
export async function createMaterializedView(statement: CreateMaterializedView, services: Services, request: Request): Promise<Answer> {
  const { catalog, views } = services;
  const { name } = statement.name;
  if (statement.ifNotExists && catalog.kindOf(name) === 'materialized view') return noAnswer;
  const replaced = statement.orReplace ? catalog.materializedView(name) : undefined;
  if (replaced !== undefined) return replaceMaterializedView(replaced, defineView(statement, services, request), services, request);
  refuseTaken(name, services);
  const judgedBy = catalog.version;
  const { definition, settings, plan } = defineView(statement, services, request);
  await makeTopics(definition, settings, plan, services);
  await catalog.createMaterializedView(definition, judgedBy).catch(async (failure: unknown) => {
    // What is not of this definition alone may be of another server's view of the same name.
    if (!isUndecided(failure)) await deleteOwnTopics(definition, services);
    throw failure;
  });
  try {
    await views.start(definition);
    await untilBegun(definition, services);
  } catch (failure) {
    await dropMaterializedView(name, services);
    throw failure;
  }
  return noAnswer;
}

/** Where another server has come to run the view: waits until that one has fixed where it begins. @throws what the view has failed with */
async function untilBegun(definition: MaterializedViewDefinition, { views, kafka, clock }: Services): Promise<void> {
  const deadlineMs = clock.monotonic() + beginWithinMs;
  for (;;) {
    const record = await views.record(definition);
    // It may have failed there, and then here.
    if (record.state === 'error') throw notRunning(record);
    if (record.state !== 'standby' || clock.monotonic() >= deadlineMs) return;
    if ((await committedBy(definition, kafka)).length > 0) return;
    await delay(clock, 20);
  }
}

/** What a statement says of a view, checked. @throws {MillraceError} PLAN_* */
export function defineView(statement: CreateMaterializedView, services: Services, request: Request) {
  const context = planContext(services, request);
  const { name } = statement.name;
  const into = statement.into?.name ?? null;
  const { settings, query } = takeViewSettings(statement.query, { into: into !== null }, context);
  const columns = viewColumns(query, context);
  const stream = into === null ? ownStream(name, columns, settings, services) : null;
  const target = stream ?? streamToInsert(into!, services);
  const plan = planView(target, query, context);
  const dependsOn = dependenciesOf(query);
  refuseCircle(name, target.name, dependsOn, services);
  const id = services.random.uuid().slice(0, 8);
  const laidOut = { name, id, settings: settingsWithLayout(settings) };
  const isShared = layoutOf(laidOut) !== null;
  const hasGroups = isShared && splitView(plan, '').kind === 'groups';
  const definition: MaterializedViewDefinition = {
    ...laidOut,
    sql: print(lastingSettings(statement.query)),
    columns,
    dependsOn,
    into,
    stream: stream && { ...stream, settings: { ...stream.settings, ...streamSettings(laidOut, hasGroups, plan.givesWatermarks === true) } },
    changelogTopic: changelogOf(laidOut, hasGroups),
    isPaused: false,
    createdAtMs: services.clock.now(),
  };
  return { definition, settings, plan };
}

function ownStream(
  name: string,
  columns: MaterializedViewDefinition['columns'],
  { given, shards }: ViewSettings,
  { clock }: Services,
): StreamDefinition {
  const topicSettings = Object.entries(given).filter(([key]) => ['retention_ms', 'retention_bytes', 'replication_factor'].includes(key));
  return {
    name,
    columns,
    primaryKey: [],
    settings: Object.fromEntries(topicSettings),
    eventTimeColumn: null,
    topic: topicNameOf(name),
    createdTopic: true,
    topicId: null,
    partitions: shards,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: clock.now(),
  };
}

/** A view that comes to read what it writes would never be done with one row. */
function refuseCircle(name: string, target: string, dependsOn: readonly string[], { catalog }: Services): void {
  const sources = streamsReadBy({ dependsOn }, catalog);
  const reached = new Set([target]);
  for (let size = 0; size !== reached.size; ) {
    size = reached.size;
    for (const view of catalog.materializedViews())
      if ([...streamsReadBy(view, catalog)].some((stream) => reached.has(stream))) reached.add(view.into ?? view.name);
  }
  const met = [...sources].find((source) => reached.has(source));
  if (met === undefined) return;
  throw new MillraceError('PLAN_QUERY_INCORRECT', `the materialized view ${name} would read what it writes: ${met}`, {
    hint: 'every row would come back to it again and again; write INTO another stream',
    details: { name, stream: met },
  });
}

async function makeTopics(
  definition: MaterializedViewDefinition,
  { recoveryPolicy }: ViewSettings,
  plan: QueryPlan,
  services: Services,
): Promise<void> {
  const { stream, settings } = definition;
  if (stream !== null) await createTopic(stream, services);
  try {
    const parts = layoutOf(definition)?.parts ?? 1;
    for (const topic of changelogsOf(definition)) await createStateTopic(topic, changelogConfigs, settings, services, parts);
    if (hasExchange(definition)) await createStateTopic(sharedNames(definition).exchangeTopic, exchangeConfigs, settings, services, parts);
    if (layoutOf(definition) !== null) await fixStart(definition, plan, services);
    if (recoveryPolicy === 'best_effort') await createLetterTopics(definition, services);
  } catch (failure) {
    await deleteViewTopics(definition, services);
    throw failure;
  }
}
