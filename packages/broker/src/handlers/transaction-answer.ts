import type { Logger } from '@millrace/core';
import type { KafkaErrorName } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';

/** First versions that know PRODUCER_FENCED; older ones are told INVALID_PRODUCER_EPOCH. */
const fencedFrom = 2;

/**
 * What a coordinator's work ends with: what it gives, or the error a client of this version knows it. A failure of the disk is COORDINATOR_NOT_AVAILABLE,
 * which clients try again.
 */
export async function transactionAnswer<T>(
  work: () => Promise<T | KafkaErrorName>,
  version: number,
  logger: Logger,
  transactionalId: string,
): Promise<T | KafkaErrorName> {
  try {
    const answer = await work();
    return answer === 'PRODUCER_FENCED' && version < fencedFrom ? 'INVALID_PRODUCER_EPOCH' : answer;
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ transactionalId, error: failure.message }, 'transaction not written down');
    return 'COORDINATOR_NOT_AVAILABLE';
  }
}
