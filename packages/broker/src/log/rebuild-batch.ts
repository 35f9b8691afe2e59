import { batchHeader, batchHeaderSize, type Compression, compress, compressions, stampProducer } from '@millrace/kafka-protocol';

/** What a batch is to hold in the place of what it holds. */
export interface BatchContent {
  /** Encoded records, not compressed. */
  readonly records: Buffer;
  readonly recordCount: number;
  readonly maxTimestamp: number;
  readonly codec: Compression;
  /** How hard the codec tries; its own choice where left out. */
  readonly level?: number | undefined;
}

/** A new batch with other content and a new checksum; offsets, producer, sequence and all attributes but the compression stay. */
export function rebuildBatch(batch: Buffer, { records, recordCount, maxTimestamp, codec, level }: BatchContent): Buffer {
  const result = Buffer.concat([batch.subarray(0, batchHeaderSize), compress(codec, records, level)]);
  result.writeInt32BE(result.length - 12, 8);
  result.writeInt16BE((batchHeader.attributes(batch, 0) & ~0x07) | compressions.indexOf(codec), 21);
  result.writeBigInt64BE(BigInt(maxTimestamp), 35);
  result.writeInt32BE(recordCount, 57);
  // The same producer again: what counts is the new checksum.
  stampProducer(result, batchHeader.producerId(batch, 0), batchHeader.producerEpoch(batch, 0), batchHeader.baseSequence(batch, 0));
  return result;
}
