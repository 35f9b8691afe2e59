import { batchHeader, batchHeaderSize, compressions, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { rebuildBatch } from '../log/rebuild-batch.ts';
import type { EffectiveTopicConfig } from './topic-config.ts';

/**
 * A batch as its topic wants it compressed: its records stay byte for byte, its checksum is a new one.
 * @returns the batch itself if it is so already.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if its records cannot be read, or would become too large.
 */
export function recompressBatch(batch: Buffer, { codec, level }: NonNullable<EffectiveTopicConfig['compression']>): Buffer {
  if (compressions[batchHeader.compression(batch, 0)] === codec) return batch;
  const spans = new RecordSpans();
  decodeRecords(batch, 0, batch.length, spans);
  return rebuildBatch(batch, {
    records: spans.bytes === batch ? batch.subarray(batchHeaderSize) : spans.bytes,
    recordCount: batchHeader.recordCount(batch, 0),
    maxTimestamp: batchHeader.maxTimestamp(batch, 0),
    codec,
    level,
  });
}
