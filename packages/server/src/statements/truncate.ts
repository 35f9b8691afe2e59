import { MillraceError } from '@millrace/core';
import type { Truncate } from '@millrace/sql';
import { type Answer, noAnswer } from './answer.ts';
import { deleteRecords } from './delete-records.ts';
import { unknownName } from './describe.ts';
import type { Services } from './services.ts';
import { createTopic } from './stream-topic.ts';

/**
 * TRUNCATE STREAM: deletes the records of the topic; offsets go on counting. With a broker that cannot do so, a topic that CREATE STREAM
 * made and no other stream reads is deleted and made anew.
 */
export async function truncate({ ifExists, name: { name } }: Truncate, services: Services): Promise<Answer> {
  const { catalog, admin, kafka } = services;
  const kind = catalog.kindOf(name);
  if (kind === 'materialized view')
    throw new MillraceError('NOT_SUPPORTED', `${name} is a materialized view: what it has computed is not truncated`, {
      hint: 'drop it and create it again',
    });
  const stream = kind === 'stream' ? catalog.stream(name) : undefined;
  if (stream === undefined) {
    if (ifExists) return noAnswer;
    throw unknownName(name, catalog.names(), 'stream');
  }
  try {
    await deleteRecords(stream.topic, kafka);
  } catch (failure) {
    if (!(failure instanceof MillraceError && failure.code === 'NOT_SUPPORTED')) throw failure;
    if (!stream.createdTopic || catalog.streamsOfTopic(stream.topic).length > 1) throw cannotTruncate(stream.topic, failure);
    await admin.deleteTopic(stream.topic);
    const { topicId } = await createTopic(stream, services);
    await catalog.updateStream(name, { topicId });
  }
  return noAnswer;
}

function cannotTruncate(topic: string, cause: unknown): MillraceError {
  return new MillraceError('NOT_SUPPORTED', `the broker cannot delete records, and the topic ${topic} is not this stream's alone`, {
    cause,
  });
}
