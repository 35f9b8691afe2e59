import type { apis } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * ListGroups 0–5: the groups that this node coordinates, by state from 4 on and by type from 5 on; every group is of the type "classic".
 * @see KIP-518, KIP-848
 */
export const handleListGroups: Handler<typeof apis.listGroups> = ({ statesFilter, typesFilter }, { groups, cluster, nodeId }) => {
  const states = statesFilter.map((state) => state.toLowerCase());
  const types = typesFilter.map((type) => type.toLowerCase());
  const listed = types.length > 0 && !types.includes('classic') ? [] : groups.list();
  return {
    errorCode: 0,
    groups: listed
      .filter(({ id }) => cluster.isCoordinator(nodeId, 'group', id))
      .filter(({ state }) => states.length === 0 || states.includes(state.toLowerCase()))
      .map(({ id, protocolType, state }) => ({ groupId: id, protocolType: protocolType ?? '', groupState: state, groupType: 'classic' })),
  };
};
