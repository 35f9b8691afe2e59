import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * SyncGroup 0–5: gives each member its assignment once the leader has sent them all. The generation is written down first, so
 * that the group goes on after a restart.
 * @see KIP-345, KIP-559
 */
export const handleSyncGroup: Handler<typeof apis.syncGroup> = async (request, { groups }) => {
  const { error, ...synced } = await groups.sync(request.groupId, {
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    generation: request.generationId,
    protocolType: request.protocolType,
    protocolName: request.protocolName,
    assignments: request.assignments,
  });
  return { errorCode: errorCode(error), ...synced };
};
