import type { MaterializedViewDefinition } from '@millrace/catalog';
import type { Drop } from '@millrace/sql';
import { untilLeft } from '../views/view-group.ts';
import { changelogsOf, groupIdsOf, hasExchange, sharedNames } from '../views/view-layout.ts';
import { viewNames } from '../views/view-names.ts';
import { type Answer, noAnswer } from './answer.ts';
import type { Services } from './services.ts';

/** DROP STREAM | VIEW. A topic goes with its stream if CREATE made it and no other stream reads it; queries over the stream end. */
export async function drop({ object, ifExists, name: { name } }: Drop, services: Services): Promise<Answer> {
  const { catalog } = services;
  const kind = catalog.kindOf(name);
  if (ifExists && (kind === undefined || (kind === 'stream') !== (object === 'stream'))) return noAnswer;
  if (object === 'stream') await dropStream(name, services);
  else if (kind === 'materialized view') await dropMaterializedView(name, services);
  else await catalog.dropView(name);
  return noAnswer;
}

async function dropStream(name: string, services: Services): Promise<void> {
  const { catalog } = services;
  const stream = await catalog.dropStream(name);
  if (stream.createdTopic && catalog.streamsOfTopic(stream.topic).length === 0) await deleteTopic(stream.topic, services);
}

/** What the view has computed goes with it, unless it wrote INTO another stream; its state and its group always do. */
export async function dropMaterializedView(name: string, services: Services): Promise<void> {
  const { catalog, views } = services;
  const definition = await catalog.dropMaterializedView(name);
  await views.stop(name);
  await untilLeft(definition, services);
  await deleteViewTopics(definition, services);
}

/** Deletes what a view keeps in Kafka; what is not there is passed over. */
export async function deleteViewTopics(definition: MaterializedViewDefinition, services: Services): Promise<void> {
  const { deadLetterTopic, replayTopic } = viewNames(definition.name, definition.id);
  // Most views have no dead letters, and it takes the administrator seconds to believe that a topic is not there.
  const present = new Set(await services.admin.listTopics());
  for (const topic of [deadLetterTopic, replayTopic]) if (present.has(topic)) await deleteTopic(topic, services);
  await deleteOwnTopics(definition, services);
  for (const groupId of groupIdsOf(definition)) await services.admin.deleteGroup(groupId);
}

/** Deletes those that no other view has, also none that was created under the same name meanwhile. */
export async function deleteOwnTopics(definition: MaterializedViewDefinition, services: Services): Promise<void> {
  const { stream } = definition;
  const topics = [...changelogsOf(definition), ...(hasExchange(definition) ? [sharedNames(definition).exchangeTopic] : [])];
  for (const topic of [...topics, ...(stream === null ? [] : [stream.topic])]) await deleteTopic(topic, services);
}

export async function deleteTopic(topic: string, { admin, kafka, topicLimits }: Services): Promise<void> {
  kafka.forgetTopic(topic);
  topicLimits.forget(topic);
  await admin.deleteTopic(topic).catch((failure: { code?: string }) => {
    // It is gone already, which is what is wanted.
    if (failure.code !== 'KAFKA_TOPIC_UNKNOWN') throw failure;
  });
}
