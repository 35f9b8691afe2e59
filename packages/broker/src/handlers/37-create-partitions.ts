import { type apis, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';
import type { Handler, Services } from './handler.ts';

type Refusal = readonly [error: KafkaErrorName, message: string];

/**
 * CreatePartitions 0–3: gives a topic more partitions. Assignments are of no consequence on one node.
 * @see KIP-195
 */
export const handleCreatePartitions: Handler<typeof apis.createPartitions> = (request, services) => ({
  results: request.topics.map(({ name, count }) => {
    const [error, errorMessage] = grow(name, count, request.validateOnly, services) ?? (['NONE', null] as const);
    return { name, errorCode: errorCode(error), errorMessage };
  }),
});

function grow(name: string, count: number, validateOnly: boolean, { topics, partitionsMax, logger }: Services): Refusal | undefined {
  const topic = topics.get(name);
  if (topic === undefined) return ['UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${name}`];
  const current = topic.partitions.length;
  if (count <= current || count > partitionsMax) {
    return ['INVALID_PARTITIONS', `topic ${name} has ${current} partitions; ${current + 1} to ${partitionsMax} are legal, not ${count}`];
  }
  if (validateOnly) return undefined;
  try {
    topics.grow(topic, count);
    return undefined;
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ topic: name, error: failure.message }, 'partitions not made');
    return ['KAFKA_STORAGE_ERROR', failure.message];
  }
}
