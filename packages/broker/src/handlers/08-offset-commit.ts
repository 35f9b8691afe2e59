import { type apis, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import type { OffsetToCommit } from '../group/group-coordinator.ts';
import { isStorageFailure } from '../topic/partition.ts';
import type { Handler, Services } from './handler.ts';

const metadataLengthMax = 4096;

/**
 * OffsetCommit 2–9.
 * Written to the group log before it is acknowledged. A commit from outside (generation −1) is taken only while the group has no member.
 * Differs from Kafka: a retention time (2–4) is not looked at, the broker's counts.
 * @see KIP-211, KIP-345
 */
export const handleOffsetCommit: Handler<typeof apis.offsetCommit> = async (request, services) => {
  const committer = {
    group: request.groupId,
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    generation: request.generationIdOrMemberEpoch,
  };
  const refusal = services.groups.refuseCommit(committer);
  const accepted: OffsetToCommit[] = [];
  const judged = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((asked) => {
      const error = refuseOffset(services, { topic: name, partition: asked.partitionIndex, metadata: asked.committedMetadata }, refusal);
      const { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: leaderEpoch, committedMetadata: metadata } = asked;
      if (error === undefined) accepted.push({ topic: name, partition, offset, leaderEpoch, metadata });
      return { partitionIndex: partition, error };
    }),
  }));
  const failure = await commit(services, request.groupId, accepted);
  return {
    topics: judged.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, error }) => ({ partitionIndex, errorCode: errorCode(error ?? failure ?? 'NONE') })),
    })),
  };
};

/**
 * Why an offset cannot be committed, or undefined. As in Kafka a partition that does not exist counts for more than who commits.
 * @param refusal why this committer may commit nothing.
 */
export function refuseOffset(
  { topics }: Pick<Services, 'topics'>,
  { topic, partition, metadata }: Pick<OffsetToCommit, 'topic' | 'partition' | 'metadata'>,
  refusal: KafkaErrorName | undefined,
): KafkaErrorName | undefined {
  if (topics.partition(topic, partition) === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
  return refusal ?? ((metadata?.length ?? 0) > metadataLengthMax ? 'OFFSET_METADATA_TOO_LARGE' : undefined);
}

/** Kafka's clients retry COORDINATOR_NOT_AVAILABLE; a storage error they do not know here. */
async function commit(
  { groups, logger }: Services,
  group: string,
  offsets: readonly OffsetToCommit[],
): Promise<KafkaErrorName | undefined> {
  try {
    await groups.commit(group, offsets);
    return undefined;
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ group, error: failure.message }, 'offsets not stored');
    return 'COORDINATOR_NOT_AVAILABLE';
  }
}
