import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler, Services } from './handler.ts';

const keyTypes = { group: 0, transaction: 1 } as const;

/**
 * FindCoordinator 0–4: this node, for every group and every transactional id; several keys at once from 4 on.
 * @see KIP-98, KIP-699
 */
export const handleFindCoordinator: Handler<typeof apis.findCoordinator> = (request, services, { version }) => {
  const found = coordinator(request.keyType, services);
  if (version < 4) return found;
  return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...found })) };
};

function coordinator(keyType: number, { cluster }: Services) {
  const { nodeId, host, port } = cluster();
  if (keyType === keyTypes.group || keyType === keyTypes.transaction) return { errorCode: 0, errorMessage: null, nodeId, host, port };
  const errorMessage = `coordinators of type ${keyType} are not known; 0 (groups) and 1 (transactions) are`;
  return { errorCode: errorCode('INVALID_REQUEST'), errorMessage, nodeId: -1, host: '', port: -1 };
}
