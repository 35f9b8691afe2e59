import { type apis, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';
import type { Handler, Services } from './handler.ts';

/**
 * DeleteGroups 0–2: forgets groups without members, with their offsets. Those that another node coordinates are NOT_COORDINATOR.
 * @see KIP-229
 */
export const handleDeleteGroups: Handler<typeof apis.deleteGroups> = (request, services) => ({
  results: request.groupsNames.map((groupId) => ({ groupId, errorCode: errorCode(remove(groupId, services)) })),
});

function remove(groupId: string, { groups, logger, cluster, nodeId }: Services): KafkaErrorName {
  if (!cluster.isCoordinator(nodeId, 'group', groupId)) return 'NOT_COORDINATOR';
  try {
    return groups.delete(groupId);
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ group: groupId, error: failure.message }, 'group not deleted');
    return 'COORDINATOR_NOT_AVAILABLE';
  }
}
