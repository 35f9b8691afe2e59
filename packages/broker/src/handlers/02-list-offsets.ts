import { type apis, type EncodableResponse, errorCode, type KafkaErrorName, type RequestOf } from '@millrace/kafka-protocol';
import { type FoundRecord, findByTimestamp, findNewest } from '../topic/find-record.ts';
import { isStorageFailure, type Partition } from '../topic/partition.ts';
import type { Handler, Services } from './handler.ts';

type Asked = RequestOf<typeof apis.listOffsets>['topics'][number]['partitions'][number];
type PartitionResponse = EncodableResponse<typeof apis.listOffsets>['topics'][number]['partitions'][number];

const latest = -1;
const earliest = -2;
const maxTimestamp = -3;
const earliestLocal = -4;
const latestTiered = -5;
const readCommitted = 1;

/**
 * ListOffsets 1–9: the end (−1), the start (−2), the record with the highest timestamp (−3), or the first record at or after a
 * timestamp. The one batch that holds it is decoded, nothing else. For a reader of committed records the end is where the first open
 * transaction begins.
 * Differs from Kafka: there is no tiered storage, so −4 is the start and −5 is unknown.
 * @see KIP-79, KIP-98, KIP-207, KIP-734
 */
export const handleListOffsets: Handler<typeof apis.listOffsets> = (request, services) => ({
  topics: request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((asked) => answer(name, asked, request.isolationLevel, services)),
  })),
});

function answer(topic: string, asked: Asked, isolationLevel: number, { topics, logger, cluster, nodeId }: Services): PartitionResponse {
  const partition = topics.partition(topic, asked.partitionIndex);
  if (partition === undefined) return refused(asked, 'UNKNOWN_TOPIC_OR_PARTITION');
  const elsewhere = cluster.refuseLeader(nodeId, partition, asked.currentLeaderEpoch);
  if (elsewhere !== undefined) return refused(asked, elsewhere);
  try {
    const found = find(partition, asked.timestamp, isolationLevel);
    const leaderEpoch = found.offset < 0 ? -1 : partition.epochAt(found.offset);
    return { partitionIndex: asked.partitionIndex, errorCode: 0, leaderEpoch, ...found };
  } catch (failure) {
    logger.error({ topic, partition: asked.partitionIndex, error: (failure as Error).message }, 'offset not found');
    return refused(asked, isStorageFailure(failure) ? 'KAFKA_STORAGE_ERROR' : 'CORRUPT_MESSAGE');
  }
}

function find(partition: Partition, timestamp: number, isolationLevel: number): FoundRecord {
  const nothing = { offset: -1, timestamp: -1 };
  const end = isolationLevel === readCommitted ? partition.lastStableOffset : partition.highWatermark;
  switch (timestamp) {
    case latest:
      return { offset: end, timestamp: -1 };
    case earliest:
    case earliestLocal:
      return { offset: partition.startOffset, timestamp: -1 };
    case latestTiered:
      return nothing;
    default: {
      const found = timestamp === maxTimestamp ? findNewest(partition) : findByTimestamp(partition, timestamp);
      return found !== undefined && found.offset < end ? found : nothing;
    }
  }
}

function refused({ partitionIndex }: Asked, error: KafkaErrorName): PartitionResponse {
  return { partitionIndex, errorCode: errorCode(error) };
}
