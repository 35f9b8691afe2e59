import { type apis, type EncodableResponse, errorCode } from '@millrace/kafka-protocol';
import type { ActiveProducer } from '../producer/producer-states.ts';
import type { Handler } from './handler.ts';

type PartitionResponse = EncodableResponse<typeof apis.describeProducers>['topics'][number]['partitions'][number];

/** Markers say nothing of coordinators: there is one, whatever its node. */
const coordinatorEpoch = 0;
const none = -1;

/**
 * DescribeProducers 0: the idempotent and transactional producers that a partition knows, with their open transactions.
 * Differs from Kafka: the last timestamp is the time at which the broker last heard of the producer, not that of a record.
 * @see KIP-664
 */
export const handleDescribeProducers: Handler<typeof apis.describeProducers> = (request, { topics, cluster, nodeId }) => ({
  topics: request.topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex): PartitionResponse => {
      const partition = topics.partition(name, partitionIndex);
      const error = partition === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : cluster.refuseLeader(nodeId, partition);
      if (error === undefined) return { partitionIndex, errorCode: 0, activeProducers: partition!.producers().map(described) };
      const errorMessage = `node ${nodeId} has no partition ${partitionIndex} of ${name}`;
      return { partitionIndex, errorCode: errorCode(error), errorMessage, activeProducers: [] };
    }),
  })),
});

function described({ producerId, producerEpoch, lastSequence, seenAtMs, hasEnded, openSince }: ActiveProducer) {
  return {
    producerId,
    producerEpoch,
    lastSequence,
    lastTimestamp: seenAtMs,
    coordinatorEpoch: hasEnded ? coordinatorEpoch : none,
    currentTxnStartOffset: openSince ?? none,
  };
}
