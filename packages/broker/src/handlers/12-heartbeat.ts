import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * Heartbeat 0–4: keeps a member's session alive, and tells it with REBALANCE_IN_PROGRESS to join again.
 * @see KIP-345
 */
export const handleHeartbeat: Handler<typeof apis.heartbeat> = ({ groupId, memberId, groupInstanceId, generationId }, { groups }) => ({
  errorCode: errorCode(groups.heartbeat(groupId, memberId, groupInstanceId, generationId)),
});
