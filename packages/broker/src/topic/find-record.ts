import { batchHeader, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { Partition } from './partition.ts';

/** Where a record stands, and its timestamp. */
export interface FoundRecord {
  readonly offset: number;
  readonly timestamp: number;
}

/**
 * The first record at or after a timestamp; undefined if all are older. A transaction marker counts as a record, as in Kafka.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if the batch cannot be decoded, and what the log throws.
 */
export function findByTimestamp(partition: Partition, timestamp: number): FoundRecord | undefined {
  let from = partition.startOffset;
  for (let batch = partition.batchAtTimestamp(timestamp, from); batch !== undefined; batch = partition.batchAtTimestamp(timestamp, from)) {
    // The record that the batch has the timestamp from may lie before the start.
    const found = recordsIn(batch).find((record) => record.offset >= from && record.timestamp >= timestamp);
    if (found !== undefined) return found;
    from = batchHeader.lastOffset(batch, 0) + 1;
  }
  return undefined;
}

/** The first record with the highest timestamp; undefined in an empty log. Throws as {@link findByTimestamp}. */
export function findNewest(partition: Partition): FoundRecord | undefined {
  const batch = partition.batchOfMaxTimestamp();
  const records = batch === undefined ? [] : recordsIn(batch);
  const newest = records.reduce((max, { timestamp }) => Math.max(max, timestamp), Number.NEGATIVE_INFINITY);
  return records.find(({ offset, timestamp }) => offset >= partition.startOffset && timestamp === newest);
}

function recordsIn(batch: Buffer): FoundRecord[] {
  if (batchHeader.isControl(batch, 0)) {
    return [{ offset: batchHeader.baseOffset(batch, 0), timestamp: batchHeader.maxTimestamp(batch, 0) }];
  }
  const spans = new RecordSpans();
  decodeRecords(batch, 0, batch.length, spans);
  return Array.from({ length: spans.count }, (_, i) => ({ offset: spans.offsets[i]!, timestamp: spans.timestamps[i]! }));
}
