import { batchHeader, batchHeaderSize, compressions, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { rebuildBatch } from './rebuild-batch.ts';

/** Tells by place in the spans whether a record stays. */
export type KeepsRecord = (records: RecordSpans, index: number) => boolean;

/**
 * A batch with some of its records left out; the others keep their bytes, and the batch its offsets and sequence.
 * @returns the batch itself if all records stay. A batch without records has no timestamp and is not compressed.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID
 */
export function filterBatch(batch: Buffer, keeps: KeepsRecord): Buffer {
  const records = new RecordSpans();
  decodeRecords(batch, 0, batch.length, records);
  const kept = Array.from({ length: records.count }, (_, index) => keeps(records, index));
  if (kept.every(Boolean)) return batch;
  const { bytes } = records;
  const parts: Buffer[] = [];
  let maxTimestamp = -1;
  let at = bytes === batch ? batchHeaderSize : 0;
  for (const [index, stays] of kept.entries()) {
    const end = recordEnd(bytes, at);
    if (stays) {
      parts.push(bytes.subarray(at, end));
      maxTimestamp = Math.max(maxTimestamp, records.timestamps[index]!);
    }
    at = end;
  }
  return rebuildBatch(batch, {
    records: Buffer.concat(parts),
    recordCount: parts.length,
    maxTimestamp,
    codec: parts.length === 0 ? 'none' : compressions[batchHeader.compression(batch, 0)]!,
  });
}

/** A record begins with its length as a varint. */
function recordEnd(bytes: Buffer, start: number): number {
  let at = start;
  let raw = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    raw |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at + ((raw >>> 1) ^ -(raw & 1));
  }
}
