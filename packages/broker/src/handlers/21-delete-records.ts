import { type apis, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import { isStorageFailure, type Partition } from '../topic/partition.ts';
import type { Handler, Services } from './handler.ts';

const highWatermark = -1;

/**
 * DeleteRecords 0–2: moves the start of a partition, durably; −1 moves it to the end. What lies before is gone for every reader at
 * once, files go segment by segment. Topics that are only compacted refuse it with POLICY_VIOLATION.
 * @see KIP-107
 */
export const handleDeleteRecords: Handler<typeof apis.deleteRecords> = (request, services) => ({
  topics: request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, offset }) => {
      const error = remove(name, partitionIndex, offset, services);
      const startOffset = services.topics.partition(name, partitionIndex)?.startOffset ?? -1;
      return { partitionIndex, errorCode: errorCode(error), lowWatermark: error === 'NONE' ? startOffset : -1 };
    }),
  })),
});

function remove(name: string, index: number, asked: number, { topics, logger, cluster, nodeId }: Services): KafkaErrorName {
  const topic = topics.get(name);
  const partition = topic?.partitions[index];
  if (topic === undefined || partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
  const elsewhere = cluster.refuseLeader(nodeId, partition);
  if (elsewhere !== undefined) return elsewhere;
  if (!topic.effective.isDeleted) return 'POLICY_VIOLATION';
  const offset = asked === highWatermark ? partition.highWatermark : asked;
  if (offset < 0 || offset > partition.highWatermark) return 'OFFSET_OUT_OF_RANGE';
  return removeBefore(partition, offset, logger);
}

function removeBefore(partition: Partition, offset: number, logger: Services['logger']): KafkaErrorName {
  try {
    partition.deleteBefore(offset);
    return 'NONE';
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ topic: partition.topic, partition: partition.index, error: failure.message }, 'records not deleted');
    return 'KAFKA_STORAGE_ERROR';
  }
}
