import { type apis, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';
import type { ProducerIdentity } from '../transaction/transaction.ts';
import type { Handler } from './handler.ts';

/** First version that knows PRODUCER_FENCED. */
const fencedFrom = 4;

/**
 * InitProducerId 0–5: gives a producer its identity.
 * Without a transactional id: an id that was never given before, with epoch 0; one that asks with its old id (3 and later) gets a new
 * one too, which begins its sequences anew. With a transactional id: the next epoch, which fences whoever had it before and aborts what
 * that left open; a new id once the epochs are used up. A producer that names itself (3 and later) must be the newest.
 * 5 only says that the client knows TRANSACTION_ABORTABLE.
 * Differs from Kafka: an open transaction is aborted within the request, where Kafka answers CONCURRENT_TRANSACTIONS and is asked again;
 * a fenced producer that names itself aborts nothing.
 * @see KIP-98, KIP-360, KIP-588, KIP-890
 */
export const handleInitProducerId: Handler<typeof apis.initProducerId> = async (
  request,
  { producerIds, transactions, logger },
  { version },
) => {
  const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request;
  try {
    if (transactionalId === null) return identity({ producerId: producerIds.allocate(), producerEpoch: 0 });
    if (producerId < 0 !== producerEpoch < 0) return refused('INVALID_REQUEST');
    const named = producerId < 0 ? undefined : { producerId, producerEpoch };
    const claimed = await transactions.initProducer(transactionalId, transactionTimeoutMs, named);
    if (typeof claimed !== 'string') return identity(claimed);
    return refused(claimed === 'PRODUCER_FENCED' && version < fencedFrom ? 'INVALID_PRODUCER_EPOCH' : claimed);
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ transactionalId, error: failure.message }, 'producer id not given');
    return refused('COORDINATOR_NOT_AVAILABLE');
  }
};

function identity({ producerId, producerEpoch }: ProducerIdentity) {
  return { errorCode: 0, producerId, producerEpoch };
}

function refused(error: KafkaErrorName) {
  return { errorCode: errorCode(error), producerEpoch: -1 };
}
