import type { Drop } from '@millrace/sql';
import { type Answer, noAnswer } from './answer.ts';
import type { Services } from './services.ts';

/** DROP STREAM | VIEW. A topic goes with its stream if CREATE STREAM made it and no other stream reads it; queries over the stream end. */
export async function drop({ object, ifExists, name: { name } }: Drop, services: Services): Promise<Answer> {
  const { catalog } = services;
  if (ifExists && (object === 'stream' ? catalog.stream(name) : catalog.view(name)) === undefined) return noAnswer;
  if (object === 'view') {
    await catalog.dropView(name);
    return noAnswer;
  }
  const stream = await catalog.dropStream(name);
  services.queries.endReadersOf(name);
  if (stream.createdTopic && catalog.streamsOfTopic(stream.topic).length === 0) await deleteTopic(stream.topic, services);
  return noAnswer;
}

async function deleteTopic(topic: string, { admin, kafka, topicLimits }: Services): Promise<void> {
  kafka.forgetTopic(topic);
  topicLimits.forget(topic);
  await admin.deleteTopic(topic).catch((failure: { code?: string }) => {
    // It is gone already, which is what is wanted.
    if (failure.code !== 'KAFKA_TOPIC_UNKNOWN') throw failure;
  });
}
