import { type apis, errorCode, type KafkaErrorName, type RequestOf } from '@millrace/kafka-protocol';
import type { OffsetToCommit } from '../group/group-coordinator.ts';
import { refuseOffset } from './08-offset-commit.ts';
import type { Handler, Services } from './handler.ts';
import { transactionAnswer } from './transaction-answer.ts';

type Request = RequestOf<typeof apis.txnOffsetCommit>;

/** First version whose clients abort on TRANSACTION_ABORTABLE and go on. */
const abortableFrom = 4;
/** First version whose offsets add their group to the transaction. */
const addingFrom = 5;

/**
 * TxnOffsetCommit 0–5: keeps offsets that become the group's when the transaction commits. They add their group to the transaction (5);
 * below, it must have been announced with AddOffsetsToTxn: if not it is INVALID_TXN_STATE, in 4 TRANSACTION_ABORTABLE. From 3 on the
 * member and its generation must be the group's, so that a zombie cannot commit.
 * Differs from Kafka: offsets that are refused for their member do not add the group (5).
 * @see KIP-98, KIP-447, KIP-890
 */
export const handleTxnOffsetCommit: Handler<typeof apis.txnOffsetCommit> = async (request, services, { version }) => {
  const { transactions, logger } = services;
  const { transactionalId, groupId } = request;
  const refusal = refuse(request, services, version);
  const accepted: OffsetToCommit[] = [];
  const judged = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((asked) => {
      const { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: leaderEpoch, committedMetadata: metadata } = asked;
      const error = refuseOffset(services, { topic: name, partition, metadata }, refusal);
      if (error === undefined) accepted.push({ topic: name, partition, offset, leaderEpoch, metadata });
      return { partitionIndex: partition, error };
    }),
  }));
  const keep = async (): Promise<KafkaErrorName> => {
    await transactions.commitOffsets(transactionalId, groupId, accepted);
    return 'NONE';
  };
  const outcome = await transactionAnswer(keep, version, logger, transactionalId);
  return {
    topics: judged.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, error }) => ({ partitionIndex, errorCode: errorCode(error ?? outcome) })),
    })),
  };
};

function refuse(request: Request, { groups, transactions }: Services, version: number): KafkaErrorName | undefined {
  const { groupId, memberId, groupInstanceId, generationId } = request;
  const error =
    transactions.refuseOffsets(request, groupId, version >= addingFrom) ??
    groups.refuseTransactionalCommit({ group: groupId, memberId, instanceId: groupInstanceId, generation: generationId });
  if (error === 'INVALID_TXN_STATE' && version >= abortableFrom) return 'TRANSACTION_ABORTABLE';
  return error === 'PRODUCER_FENCED' ? 'INVALID_PRODUCER_EPOCH' : error;
}
