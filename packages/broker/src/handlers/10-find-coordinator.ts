import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler, Services } from './handler.ts';

const kinds = ['group', 'transaction'] as const;
const nowhere = { nodeId: -1, host: '', port: -1 };

/**
 * FindCoordinator 0–4: the node that coordinates a group (0) or a transactional id (1), known or not; several keys at once from 4 on.
 * Differs from Kafka: the coordinators of share groups (type 2) are not known, which is answered with INVALID_REQUEST.
 * @see KIP-98, KIP-699
 */
export const handleFindCoordinator: Handler<typeof apis.findCoordinator> = (request, services, { version }) => {
  const find = (key: string) => coordinator(request.keyType, key, services);
  if (version < 4) return find(request.key);
  return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...find(key) })) };
};

function coordinator(keyType: number, key: string, { cluster }: Services) {
  const kind = kinds[keyType];
  if (kind === undefined) {
    const errorMessage = `coordinators of type ${keyType} are not known; 0 (groups) and 1 (transactions) are`;
    return { errorCode: errorCode('INVALID_REQUEST'), errorMessage, ...nowhere };
  }
  const found = cluster.coordinatorOf(kind, key);
  if (found === undefined) return { errorCode: errorCode('COORDINATOR_NOT_AVAILABLE'), errorMessage: null, ...nowhere };
  return { errorCode: 0, errorMessage: null, ...found };
}
