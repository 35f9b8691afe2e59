import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler, Services } from './handler.ts';

const groupKey = 0;

/**
 * FindCoordinator 0–4: this node, for every group; several keys at once from 4 on.
 * Differs from Kafka: transactions are not supported yet, so a transactional id is refused with
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED: the one error at which every client stops at once.
 * @see KIP-98, KIP-699
 */
export const handleFindCoordinator: Handler<typeof apis.findCoordinator> = (request, services, { version }) => {
  const found = coordinator(request.keyType, services);
  if (version < 4) return found;
  return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...found })) };
};

function coordinator(keyType: number, { cluster }: Services) {
  const { nodeId, host, port } = cluster();
  if (keyType === groupKey) return { errorCode: 0, errorMessage: null, nodeId, host, port };
  return {
    errorCode: errorCode('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'),
    errorMessage: 'transactions are not supported by this broker',
    nodeId: -1,
    host: '',
    port: -1,
  };
}
