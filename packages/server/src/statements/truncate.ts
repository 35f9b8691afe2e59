import { MillraceError } from '@millrace/core';
import { type KafkaClient, listOffsets } from '@millrace/kafka-client';
import type { Truncate } from '@millrace/sql';
import { type Answer, noAnswer } from './answer.ts';
import { unknownName } from './describe.ts';
import type { Services } from './services.ts';
import { createTopic } from './stream-topic.ts';

/**
 * TRUNCATE STREAM: deletes the records of the topic; offsets go on counting. With a broker that cannot do so, a topic that CREATE STREAM
 * made and no other stream reads is deleted and made anew.
 */
export async function truncate({ ifExists, name: { name } }: Truncate, services: Services): Promise<Answer> {
  const stream = services.catalog.stream(name);
  if (stream === undefined) {
    if (ifExists) return noAnswer;
    throw unknownName(name, services.catalog.names(), 'stream');
  }
  const offsets = await endOffsets(stream.topic, services.kafka);
  try {
    await services.admin.deleteRecords(offsets.filter(({ offset }) => offset > 0));
  } catch (failure) {
    if (!isUnsupported(failure)) throw failure;
    if (!stream.createdTopic || services.catalog.streamsOfTopic(stream.topic).length > 1) throw cannotTruncate(stream.topic, failure);
    await services.admin.deleteTopic(stream.topic);
    services.kafka.forgetTopic(stream.topic);
    const { topicId } = await createTopic(stream, services);
    await services.catalog.updateStream(name, { topicId });
  }
  return noAnswer;
}

async function endOffsets(topic: string, kafka: KafkaClient): Promise<{ topic: string; partition: number; offset: number }[]> {
  const [metadata] = await kafka.metadata([topic]);
  const partitions = metadata!.partitions.map(({ partition }) => partition);
  const offsets = await listOffsets(kafka, topic, partitions, 'latest');
  return partitions.map((partition, i) => ({ topic, partition, offset: offsets[i]! }));
}

function isUnsupported(failure: unknown): boolean {
  return failure instanceof MillraceError && failure.code === 'NOT_SUPPORTED';
}

function cannotTruncate(topic: string, cause: unknown): MillraceError {
  return new MillraceError('NOT_SUPPORTED', `the broker cannot delete records, and the topic ${topic} is not this stream's alone`, {
    cause,
  });
}
