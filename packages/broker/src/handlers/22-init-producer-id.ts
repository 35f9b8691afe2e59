import { type apis, errorCode } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';
import type { Handler } from './handler.ts';

/**
 * InitProducerId 0–4: gives an idempotent producer an id that was never given before, with epoch 0. A producer that asks with its old id
 * (3 and later) gets a new one too, which begins its sequences anew.
 * Differs from Kafka: a transactional id is refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, transactions not being supported yet.
 * @see KIP-98, KIP-360
 */
export const handleInitProducerId: Handler<typeof apis.initProducerId> = (request, { producerIds, logger }) => {
  if (request.transactionalId !== null) return { errorCode: errorCode('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'), producerEpoch: -1 };
  try {
    return { errorCode: 0, producerId: producerIds.allocate(), producerEpoch: 0 };
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ error: failure.message }, 'producer id not given');
    return { errorCode: errorCode('COORDINATOR_NOT_AVAILABLE'), producerEpoch: -1 };
  }
};
