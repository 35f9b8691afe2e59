import type { RecordSpans } from '@millrace/kafka-protocol';
import { sliceChunk } from '@millrace/runtime';
import type { Json } from '@millrace/sdk';
import type { EventBatch } from '../stage/event-batch.ts';
import type { Lease } from './lease.ts';

/** A record that has no row, and why. */
export interface Undecodable {
  readonly record: number;
  readonly reason: string;
}

/**
 * A piece of a partition, in its order: what goes through the stages at once, and up to where the partition is done with it. The
 * records of `batch` are those of `spans`.
 */
export interface Unit {
  readonly topic: string;
  readonly partition: number;
  /** The next record to read when all of this is done. */
  readonly nextOffset: number;
  /** Null: nothing of it goes on. */
  readonly batch: EventBatch | null;
  /** The only record of the unit, which cannot be decoded. */
  readonly undecodable: Undecodable | null;
  /** Null: of a source that has no records. */
  readonly spans: RecordSpans | null;
  /** Memory that `batch` and `spans` point into; null = none that is used again. */
  readonly lease: Lease | null;
  /** Of a source of its own: where it goes on when all of this is delivered. */
  readonly position?: Json;
}

/** The part of a batch that comes from records `start … end − 1`; they are numbered from 0 in it. */
export function sliceBatch(batch: EventBatch, start: number, end: number): EventBatch {
  const { records, sourceRows, chunk } = batch;
  if (start === 0 && end === records.count) return batch;
  const [firstRow, endRow] =
    sourceRows === null ? [start, end] : [rowOf(sourceRows, chunk.rowCount, start), rowOf(sourceRows, chunk.rowCount, end)];
  return {
    ...batch,
    chunk: sliceChunk(chunk, firstRow, endRow),
    sourceRows: sourceRows === null ? null : sourceRows.subarray(firstRow, endRow).map((record) => record - start),
    records: {
      count: end - start,
      offsets: records.offsets.subarray(start, end),
      times: records.times.subarray(start, end),
      keys: { bytes: records.keys.bytes, starts: records.keys.starts.subarray(start, end), ends: records.keys.ends.subarray(start, end) },
    },
  };
}

/** The record that a row comes from. */
export function recordOfRow({ sourceRows }: EventBatch, row: number): number {
  return sourceRows === null ? row : sourceRows[row]!;
}

/** The offset of a record of a batch. */
export function offsetAt({ records }: EventBatch, record: number): number {
  return records.offsets[record]!;
}

/** The record of a batch with this offset; the one behind if there is none. */
export function recordWithOffset({ records: { offsets, count } }: EventBatch, offset: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offsets[middle]! < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first row that comes from this record or a later one. */
export function rowOf(sourceRows: Int32Array, rowCount: number, record: number): number {
  let [low, high] = [0, rowCount];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sourceRows[middle]! < record) low = middle + 1;
    else high = middle;
  }
  return low;
}
