import { batchHeader, type ControlType, controlTypeOf, setBaseOffset, setPartitionLeaderEpoch } from '@millrace/kafka-protocol';

/** One batch of a log: where it stands and what its header says. Units: timestamps in ms since the epoch, −1 for none. */
export interface BatchHeader {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly sizeBytes: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
  readonly isTransactional: boolean;
  /** What a control batch says; undefined if it holds records. */
  readonly control: ControlType | undefined;
}

/**
 * @param buffer holds the whole batch.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if a number does not fit 53 bits.
 */
export function readBatchHeader(buffer: Buffer, at: number): BatchHeader {
  return {
    baseOffset: batchHeader.baseOffset(buffer, at),
    lastOffset: batchHeader.lastOffset(buffer, at),
    sizeBytes: batchHeader.sizeBytes(buffer, at),
    maxTimestamp: batchHeader.maxTimestamp(buffer, at),
    producerId: batchHeader.producerId(buffer, at),
    producerEpoch: batchHeader.producerEpoch(buffer, at),
    baseSequence: batchHeader.baseSequence(buffer, at),
    recordCount: batchHeader.recordCount(buffer, at),
    isTransactional: batchHeader.isTransactional(buffer, at),
    control: batchHeader.isControl(buffer, at) ? controlTypeOf(buffer, at) : undefined,
  };
}

/** Gives a batch its place in the log: both fields lie outside the checksum. */
export function placeBatch(buffer: Buffer, at: number, baseOffset: number, leaderEpoch: number): void {
  setBaseOffset(buffer, at, baseOffset);
  setPartitionLeaderEpoch(buffer, at, leaderEpoch);
}
