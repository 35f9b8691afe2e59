import type { apis } from '@millrace/kafka-protocol';
import { transactionStates } from '../transaction/transaction.ts';
import type { Handler } from './handler.ts';

const isState = (name: string) => (transactionStates as readonly string[]).includes(name);

/**
 * ListTransactions 0–1: the transactional ids that this node coordinates, of some states, producers, or (1) whose newest transaction began longer ago
 * than so many ms.
 * @see KIP-664, KIP-994
 */
export const handleListTransactions: Handler<typeof apis.listTransactions> = (request, { transactions, clock, cluster, nodeId }) => {
  const { stateFilters, producerIdFilters, durationFilter } = request;
  const found = transactions
    .list()
    .filter(({ id }) => cluster.isCoordinator(nodeId, 'transaction', id))
    .filter(({ state }) => stateFilters.length === 0 || stateFilters.includes(state))
    .filter(({ producerId }) => producerIdFilters.length === 0 || producerIdFilters.includes(producerId))
    .filter(({ startedAtMs }) => durationFilter < 0 || clock.now() - startedAtMs > durationFilter);
  return {
    errorCode: 0,
    unknownStateFilters: stateFilters.filter((name) => !isState(name)),
    transactionStates: found.map(({ id, producerId, state }) => ({ transactionalId: id, producerId, transactionState: state })),
  };
};
