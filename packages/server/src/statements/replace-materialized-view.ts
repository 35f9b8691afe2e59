import type { MaterializedViewDefinition } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import type { ViewSettings } from '@millrace/planner';
import { discardState, viewKafka } from '@millrace/runtime';
import { streamsReadBy } from '../views/flush-views.ts';
import { transactionTimeoutMs } from '../views/plan-definition.ts';
import { untilLeft } from '../views/view-group.ts';
import { settingsInPlaceOf } from '../views/view-layout.ts';
import { keepsDeadLetters, viewNames } from '../views/view-names.ts';
import { upgradeOf, type ViewUpgrade } from '../views/view-upgrade.ts';
import { type Answer, noAnswer, textRows } from './answer.ts';
import { planContext } from './plan-context.ts';
import type { Request, Services } from './services.ts';
import { createLetterTopics } from './stream-topic.ts';

/** What a statement defines. */
interface Defined {
  readonly definition: MaterializedViewDefinition;
  readonly settings: ViewSettings;
}

/**
 * CREATE OR REPLACE of a view that is there: it goes on from where it stands, with the state that it has. Answered when it runs, unless
 * it is paused and stays so. Nothing is lost silently: state only with `on_state_change = 'discard'`, which drops all of it.
 * @throws {MillraceError} PLAN_QUERY_INCORRECT if that cannot be; then the view goes on as it was
 */
export async function replaceMaterializedView(
  before: MaterializedViewDefinition,
  defined: Defined,
  services: Services,
  request: Request,
): Promise<Answer> {
  const { catalog, views } = services;
  const { name, isPaused } = before;
  const judgedBy = catalog.version;
  const after = successor(before, defined);
  const upgrade = upgradeOf(before, after, planContext(services, request), catalog);
  refuseLoss(name, upgrade, defined.settings);
  if (keepsDeadLetters(after)) await createLetterTopics(after, services);
  if (upgrade.changesState) await forget(before, after, services, request);
  else await views.stop(name);
  await catalog.updateMaterializedView(name, after, judgedBy);
  if (isPaused) return noAnswer;
  try {
    await views.start(after);
  } catch (failure) {
    // Without its state the old one is no better.
    if (!upgrade.changesState) await catalog.updateMaterializedView(name, before);
    throw failure;
  }
  return noAnswer;
}

/** EXPLAIN UPGRADE: what CREATE OR REPLACE would keep, lose or begin anew; nothing is changed. */
export function explainUpgrade(defined: Defined, services: Services, request: Request): Answer {
  const { definition, settings } = defined;
  const columns = ['what', 'fate', 'note'];
  const before = services.catalog.materializedView(definition.name);
  if (before === undefined) return textRows(columns, [[`view ${definition.name}`, 'new', 'there is no such view yet']]);
  const upgrade = upgradeOf(before, successor(before, defined), planContext(services, request), services.catalog);
  const reason = refusal(upgrade, settings);
  const verdict = reason === null ? ['CREATE OR REPLACE', 'allowed', ''] : ['CREATE OR REPLACE', 'refused', reason];
  return textRows(columns, [...upgrade.fates.map(({ what, fate, note }) => [what, fate, note]), verdict]);
}

/** What the view becomes: what it keeps in Kafka goes by the names that it has. */
function successor(before: MaterializedViewDefinition, { definition, settings }: Defined): MaterializedViewDefinition {
  const { sql, columns, dependsOn, into } = definition;
  const stream = before.stream && { ...before.stream, columns };
  return { ...before, sql, columns, dependsOn, into, settings: settingsInPlaceOf(before, settings), stream };
}

function refusal({ refusal: reason, changesState }: ViewUpgrade, { onStateChange }: ViewSettings): string | null {
  return reason ?? (changesState && onStateChange === 'refuse' ? "state is lost or begins empty: needs on_state_change = 'discard'" : null);
}

function refuseLoss(name: string, upgrade: ViewUpgrade, settings: ViewSettings): void {
  const reason = refusal(upgrade, settings);
  if (reason === null) return;
  const parts = upgrade.fates.filter(({ fate }) => fate !== 'kept').map(({ what, fate }) => `${what} (${fate})`);
  throw new MillraceError('PLAN_QUERY_INCORRECT', `the materialized view ${name} cannot be replaced by this: ${reason}`, {
    hint: parts.length === 0 ? 'drop the view and create it again' : `EXPLAIN UPGRADE says more; it is about ${parts.join('; ')}`,
    details: { name },
  });
}

/** Drops the state while no server runs the view. It is left paused until the new definition stands, lest another be run without state. */
async function forget(before: MaterializedViewDefinition, after: MaterializedViewDefinition, services: Services, request: Request) {
  const { catalog, views, kafka, clock } = services;
  const { name, id, changelogTopic, isPaused } = before;
  const { transactionalId, replayTopic } = viewNames(name, id);
  const topics = new Set([...streamsReadBy(after, catalog)].map((stream) => catalog.stream(stream)!.topic));
  await catalog.updateMaterializedView(name, { isPaused: true });
  try {
    await views.stop(name);
    await untilLeft(after, services);
    const of = { transactionalId, transactionTimeoutMs, changelogTopic };
    await discardState(of, topics.add(replayTopic), viewKafka(kafka), clock, request.signal);
  } catch (failure) {
    await catalog.updateMaterializedView(name, { isPaused });
    throw failure;
  }
}
