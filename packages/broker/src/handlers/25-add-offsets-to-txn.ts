import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';
import { transactionAnswer } from './transaction-answer.ts';

/**
 * AddOffsetsToTxn 0–4: announces that offsets of a group will be committed with the transaction, beginning one if none is open.
 * Clients of the second version of transactions have no need of it. 4 only says that the client knows TRANSACTION_ABORTABLE.
 * @see KIP-98, KIP-890
 */
export const handleAddOffsetsToTxn: Handler<typeof apis.addOffsetsToTxn> = async (request, { transactions, logger }, { version }) => {
  const { transactionalId, groupId } = request;
  return { errorCode: errorCode(await transactionAnswer(() => transactions.addGroup(request, groupId), version, logger, transactionalId)) };
};
