import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * JoinGroup 0–9; 0 is what librdkafka before 2.11 looks for (KAFKA-19444).
 * Answers once every member of the group has joined, or their rebalance time-out is over. From 4 on a new dynamic member is first
 * told its id (MEMBER_ID_REQUIRED); a static member takes the place of its former self.
 * Differs from Kafka: the first rebalance of a group does not wait (group.initial.rebalance.delay.ms is 0 unless set).
 * @see KIP-62, KIP-345, KIP-394, KIP-814
 */
export const handleJoinGroup: Handler<typeof apis.joinGroup> = async (request, { groups }, { version, clientId, host }) => {
  const { error, generation, members, ...joined } = await groups.join(request.groupId, {
    memberId: request.memberId,
    protocolType: request.protocolType,
    requiresKnownMemberId: version >= 4,
    canSkipAssignment: version >= 9,
    traits: {
      instanceId: request.groupInstanceId,
      clientId,
      clientHost: `/${host}`,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: version === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
      // Copies: a slice would keep the whole request alive as long as the member.
      protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    },
  });
  const protocolName = joined.protocolName ?? (version < 7 ? '' : null);
  return { errorCode: errorCode(error), generationId: generation, ...joined, protocolName, members };
};
