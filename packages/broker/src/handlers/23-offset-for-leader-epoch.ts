import { type apis, type EncodableResponse, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

type PartitionResponse = EncodableResponse<typeof apis.offsetForLeaderEpoch>['topics'][number]['partitions'][number];

/**
 * OffsetForLeaderEpoch 2–4: where the records of a leader epoch end, or those of the last epoch before it that is known; −1 for one that
 * is still to come.
 * @see KIP-101, KIP-320
 */
export const handleOffsetForLeaderEpoch: Handler<typeof apis.offsetForLeaderEpoch> = (request, { topics, cluster, nodeId }) => ({
  topics: request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }): PartitionResponse => {
      const partition = topics.partition(topic, index);
      if (partition === undefined) return { partition: index, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') };
      const elsewhere = cluster.refuseLeader(nodeId, partition, currentLeaderEpoch);
      if (elsewhere !== undefined) return { partition: index, errorCode: errorCode(elsewhere) };
      const { epoch, endOffset } = partition.endOfEpoch(leaderEpoch);
      return { partition: index, errorCode: 0, leaderEpoch: epoch, endOffset };
    }),
  })),
});
