import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { Handler, Services } from './handler.ts';

type AskedTopics = readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null;

/**
 * OffsetFetch 1–9; several groups at once from 8 on. Null topics ask for every offset of the group.
 * Who asks for stable offsets (7 and later) is told UNSTABLE_OFFSET_COMMIT as long as a transaction that is not wholly ended is to
 * commit another. A group that another node coordinates is NOT_COORDINATOR.
 * @see KIP-447, KIP-709
 */
export const handleOffsetFetch: Handler<typeof apis.offsetFetch> = (request, services, { version }) => {
  const answer = (groupId: string, topics: AskedTopics) => committed(services, groupId, topics, request.requireStable);
  if (version < 8) return { topics: answer(request.groupId, request.topics) };
  const isHere = (groupId: string) => services.cluster.isCoordinator(services.nodeId, 'group', groupId);
  return {
    groups: request.groups.map(({ groupId, topics }) =>
      isHere(groupId) ? { groupId, topics: answer(groupId, topics) } : { groupId, topics: [], errorCode: errorCode('NOT_COORDINATOR') },
    ),
  };
};

function committed({ groups, transactions }: Services, group: string, asked: AskedTopics, requireStable: boolean) {
  return (asked ?? everything(groups, group)).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      const isUnstable = requireStable && transactions.hasPendingOffset(group, name, partitionIndex);
      const found = isUnstable ? undefined : groups.committed(group, name, partitionIndex);
      return {
        partitionIndex,
        committedOffset: found?.offset ?? -1,
        committedLeaderEpoch: found?.leaderEpoch ?? -1,
        metadata: found?.metadata ?? '',
        errorCode: errorCode(isUnstable ? 'UNSTABLE_OFFSET_COMMIT' : 'NONE'),
      };
    }),
  }));
}

function everything(groups: GroupCoordinator, group: string) {
  return [...(groups.get(group)?.offsets ?? [])].map(([name, partitions]) => ({ name, partitionIndexes: [...partitions.keys()] }));
}
