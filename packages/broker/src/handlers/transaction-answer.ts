import type { Logger } from '@millrace/core';
import type { KafkaErrorName } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';

/** First versions that know PRODUCER_FENCED; older ones are told INVALID_PRODUCER_EPOCH. */
const fencedFrom = 2;

/**
 * The error that a coordinator's work ends with, as a client of this version knows it. A failure of the disk is COORDINATOR_NOT_AVAILABLE,
 * which clients try again.
 */
export async function transactionAnswer(
  work: () => Promise<KafkaErrorName>,
  version: number,
  logger: Logger,
  transactionalId: string,
): Promise<KafkaErrorName> {
  try {
    const error = await work();
    return error === 'PRODUCER_FENCED' && version < fencedFrom ? 'INVALID_PRODUCER_EPOCH' : error;
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ transactionalId, error: failure.message }, 'transaction not written down');
    return 'COORDINATOR_NOT_AVAILABLE';
  }
}
