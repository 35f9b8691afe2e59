import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';
import { transactionAnswer } from './transaction-answer.ts';

/**
 * AddOffsetsToTxn 0–3: announces that offsets of a group will be committed with the transaction, beginning one if none is open.
 * @see KIP-98
 */
export const handleAddOffsetsToTxn: Handler<typeof apis.addOffsetsToTxn> = async (request, { transactions, logger }, { version }) => {
  const { transactionalId, groupId } = request;
  return { errorCode: errorCode(await transactionAnswer(() => transactions.addGroup(request, groupId), version, logger, transactionalId)) };
};
