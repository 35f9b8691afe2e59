import type { apis } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * DescribeGroups 0–5: state, protocol and members. A group that does not exist is Dead. What members said and got is told while the
 * group is stable.
 * Differs from Kafka: authorized operations are never told, there being no authorizer.
 * @see KIP-345
 */
export const handleDescribeGroups: Handler<typeof apis.describeGroups> = (request, { groups }) => ({
  groups: request.groups.map((groupId) => {
    const group = groups.get(groupId);
    if (group === undefined) return { errorCode: 0, groupId, groupState: 'Dead', protocolType: '', protocolData: '', members: [] };
    const isStable = group.state === 'Stable';
    return {
      errorCode: 0,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType ?? '',
      protocolData: isStable ? (group.protocolName ?? '') : '',
      members: group.members.map((member) => ({
        memberId: member.id,
        groupInstanceId: member.traits.instanceId,
        clientId: member.traits.clientId,
        clientHost: member.traits.clientHost,
        memberMetadata: isStable ? member.metadataFor(group.protocolName) : Buffer.alloc(0),
        memberAssignment: isStable ? member.assignment : Buffer.alloc(0),
      })),
    };
  }),
});
