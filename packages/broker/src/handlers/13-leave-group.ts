import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * LeaveGroup 0–5; several members at once, also by instance id, from 3 on. The others are asked to join again.
 * @see KIP-345, KIP-800
 */
export const handleLeaveGroup: Handler<typeof apis.leaveGroup> = (request, { groups }, { version }) => {
  const { groupId } = request;
  if (version < 3) return { errorCode: errorCode(groups.leave(groupId, request.memberId, null)), members: [] };
  if (groupId === '') return { errorCode: errorCode('INVALID_GROUP_ID'), members: [] };
  const members = request.members.map(({ memberId, groupInstanceId }) => ({
    memberId,
    groupInstanceId,
    errorCode: errorCode(groups.leave(groupId, memberId, groupInstanceId)),
  }));
  return { errorCode: 0, members };
};
