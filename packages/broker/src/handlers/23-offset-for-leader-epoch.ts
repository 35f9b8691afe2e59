import { type apis, type EncodableResponse, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

type PartitionResponse = EncodableResponse<typeof apis.offsetForLeaderEpoch>['topics'][number]['partitions'][number];

/** One node: no leader was ever another. */
const onlyEpoch = 0;

/**
 * OffsetForLeaderEpoch 2–4: where the records of a leader epoch end. There is one epoch, 0, and it ends where the log does.
 * @see KIP-101, KIP-320
 */
export const handleOffsetForLeaderEpoch: Handler<typeof apis.offsetForLeaderEpoch> = (request, { topics }) => ({
  topics: request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }): PartitionResponse => {
      const partition = topics.partition(topic, index);
      if (partition === undefined) return { partition: index, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') };
      if (currentLeaderEpoch > onlyEpoch) return { partition: index, errorCode: errorCode('UNKNOWN_LEADER_EPOCH') };
      if (leaderEpoch !== onlyEpoch) return { partition: index, errorCode: 0 };
      return { partition: index, errorCode: 0, leaderEpoch: onlyEpoch, endOffset: partition.highWatermark };
    }),
  })),
});
