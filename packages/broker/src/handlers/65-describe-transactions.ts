import { type apis, type EncodableResponse, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import type { Transaction } from '../transaction/transaction.ts';
import type { Handler } from './handler.ts';

type State = EncodableResponse<typeof apis.describeTransactions>['transactionStates'][number];

/**
 * DescribeTransactions 0: what this node knows of the transactional ids that it coordinates.
 * Differs from Kafka: groups whose offsets go with the transaction are no partitions, so they are not among them.
 * @see KIP-664
 */
export const handleDescribeTransactions: Handler<typeof apis.describeTransactions> = (
  { transactionalIds },
  { transactions, cluster, nodeId },
) => ({
  transactionStates: transactionalIds.map((id): State => {
    if (!cluster.isCoordinator(nodeId, 'transaction', id)) return refused(id, 'NOT_COORDINATOR');
    const transaction = transactions.get(id);
    if (transaction !== undefined) return described(transaction);
    return refused(id, id === '' ? 'INVALID_REQUEST' : 'TRANSACTIONAL_ID_NOT_FOUND');
  }),
});

function described({ id, state, timeoutMs, startedAtMs, producerId, producerEpoch, partitions }: Transaction): State {
  return {
    errorCode: 0,
    transactionalId: id,
    transactionState: state,
    transactionTimeoutMs: timeoutMs,
    transactionStartTimeMs: startedAtMs,
    producerId,
    producerEpoch,
    topics: [...partitions].map(([topic, indexes]) => ({ topic, partitions: indexes })),
  };
}

function refused(transactionalId: string, error: KafkaErrorName): State {
  return {
    errorCode: errorCode(error),
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}
