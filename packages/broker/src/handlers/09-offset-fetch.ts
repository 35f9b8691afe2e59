import type { apis } from '@millrace/kafka-protocol';
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { Handler } from './handler.ts';

type AskedTopics = readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null;

/**
 * OffsetFetch 1–9; several groups at once from 8 on. Null topics ask for every offset of the group.
 * Differs from Kafka: require_stable never has to wait, there being no transactions yet.
 * @see KIP-447, KIP-709
 */
export const handleOffsetFetch: Handler<typeof apis.offsetFetch> = (request, { groups }, { version }) => {
  if (version < 8) return { topics: committed(groups, request.groupId, request.topics) };
  return { groups: request.groups.map(({ groupId, topics }) => ({ groupId, topics: committed(groups, groupId, topics) })) };
};

function committed(groups: GroupCoordinator, group: string, asked: AskedTopics) {
  return (asked ?? everything(groups, group)).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      const found = groups.committed(group, name, partitionIndex);
      return {
        partitionIndex,
        committedOffset: found?.offset ?? -1,
        committedLeaderEpoch: found?.leaderEpoch ?? -1,
        metadata: found?.metadata ?? '',
        errorCode: 0,
      };
    }),
  }));
}

function everything(groups: GroupCoordinator, group: string) {
  return [...(groups.get(group)?.offsets ?? [])].map(([name, partitions]) => ({ name, partitionIndexes: [...partitions.keys()] }));
}
