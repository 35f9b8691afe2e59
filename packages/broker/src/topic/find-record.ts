import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { Partition } from './partition.ts';

/** Where a record stands, and its timestamp. */
export interface FoundRecord {
  readonly offset: number;
  readonly timestamp: number;
}

/**
 * The first record at or after a timestamp; undefined if all are older.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if the batch cannot be decoded, and what the log throws.
 */
export function findByTimestamp(partition: Partition, timestamp: number): FoundRecord | undefined {
  const batch = partition.batchAtTimestamp(timestamp);
  return batch === undefined ? undefined : firstRecord(batch, partition.startOffset, (candidate) => candidate >= timestamp);
}

/** The first record with the highest timestamp; undefined in an empty log. Throws as {@link findByTimestamp}. */
export function findNewest(partition: Partition): FoundRecord | undefined {
  const batch = partition.batchOfMaxTimestamp();
  if (batch === undefined) return undefined;
  let newest = Number.NEGATIVE_INFINITY;
  const spans = decode(batch);
  for (let i = 0; i < spans.count; i++) newest = Math.max(newest, spans.timestamps[i]!);
  return firstRecord(batch, partition.startOffset, (candidate) => candidate === newest);
}

function firstRecord(batch: Buffer, startOffset: number, accept: (timestamp: number) => boolean): FoundRecord | undefined {
  const spans = decode(batch);
  for (let i = 0; i < spans.count; i++) {
    const [offset, timestamp] = [spans.offsets[i]!, spans.timestamps[i]!];
    if (offset >= startOffset && accept(timestamp)) return { offset, timestamp };
  }
  return undefined;
}

function decode(batch: Buffer): RecordSpans {
  const spans = new RecordSpans();
  decodeRecords(batch, 0, batch.length, spans);
  return spans;
}
