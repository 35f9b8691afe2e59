import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';
import { transactionAnswer } from './transaction-answer.ts';

/**
 * EndTxn 0–3: commits or aborts. Asking again for the same outcome is answered as the first time; for the other it is INVALID_TXN_STATE.
 * Differs from Kafka: it is answered once the markers are written, not only once the outcome is decided, so a consumer that is told
 * of the commit finds its records.
 * @see KIP-98
 */
export const handleEndTxn: Handler<typeof apis.endTxn> = async (request, { transactions, logger }, { version }) => {
  const { transactionalId, committed } = request;
  const end = () => transactions.end(request, committed ? 'commit' : 'abort');
  return { errorCode: errorCode(await transactionAnswer(end, version, logger, transactionalId)) };
};
