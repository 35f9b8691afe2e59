import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';
import { transactionAnswer } from './transaction-answer.ts';

/** First version that ends every transaction with an epoch of its own. */
const ownEpochFrom = 5;

/**
 * EndTxn 0–5: commits or aborts. Asking again for the same outcome is answered as the first time; for the other it is INVALID_TXN_STATE.
 * From 5 on the next transaction has another epoch, or another producer id once the epochs are used up: both are told in the answer, also
 * to one who asks again with the epoch before. The markers carry it, so that nothing that was delayed on the way can come into a
 * transaction that it does not belong to. Nothing need have been added to a transaction that is aborted.
 * Differs from Kafka: it is answered once the markers are written, not only once the outcome is decided, so a consumer that is told
 * of the commit finds its records.
 * @see KIP-98, KIP-890
 */
export const handleEndTxn: Handler<typeof apis.endTxn> = async (request, { transactions, logger }, { version }) => {
  const { transactionalId, committed } = request;
  const epoch = version >= ownEpochFrom ? 'own' : 'kept';
  const end = () => transactions.end(request, committed ? 'commit' : 'abort', epoch);
  const ended = await transactionAnswer(end, version, logger, transactionalId);
  if (typeof ended === 'string') return { errorCode: errorCode(ended) };
  return { errorCode: 0, producerId: ended.producerId, producerEpoch: ended.producerEpoch };
};
