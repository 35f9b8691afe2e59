import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

const nothing = { groupState: '', protocolType: '', protocolData: '', members: [] };

/**
 * DescribeGroups 0–5: state, protocol and members. A group that does not exist is Dead. What members said and got is told while the
 * group is stable. Of a group that another node coordinates only that is told (NOT_COORDINATOR).
 * Differs from Kafka: authorized operations are never told, there being no authorizer.
 * @see KIP-345
 */
export const handleDescribeGroups: Handler<typeof apis.describeGroups> = (request, { groups, cluster, nodeId }) => ({
  groups: request.groups.map((groupId) => {
    if (!cluster.isCoordinator(nodeId, 'group', groupId)) return { ...nothing, errorCode: errorCode('NOT_COORDINATOR'), groupId };
    const group = groups.get(groupId);
    if (group === undefined) return { ...nothing, errorCode: 0, groupId, groupState: 'Dead' };
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
