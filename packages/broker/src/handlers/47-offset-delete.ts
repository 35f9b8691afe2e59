import { type apis, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import type { Group } from '../group/group.ts';
import { isStorageFailure } from '../topic/partition.ts';
import type { Handler, Services } from './handler.ts';

/**
 * OffsetDelete 0: forgets committed offsets, but not of topics that a member of the group is subscribed to.
 * @see KIP-496
 */
export const handleOffsetDelete: Handler<typeof apis.offsetDelete> = ({ groupId, topics }, services) => {
  const group = services.groups.get(groupId);
  if (group === undefined) return { errorCode: errorCode('GROUP_ID_NOT_FOUND'), topics: [] };
  return {
    errorCode: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: errorCode(remove(group, name, partitionIndex, services)),
      })),
    })),
  };
};

function remove(group: Group, topic: string, partition: number, { groups, topics, logger }: Services): KafkaErrorName {
  if (topics.partition(topic, partition) === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
  try {
    return groups.deleteOffset(group, topic, partition);
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ group: group.id, error: failure.message }, 'offset not deleted');
    return 'COORDINATOR_NOT_AVAILABLE';
  }
}
