import { MillraceError } from '@millrace/core';
import { RecordBatchBuilder, type RecordHeader } from '@millrace/kafka-protocol';

/** Rows as records, ready to be put into batches: row i is `bytes[starts[i] … ends[i])`. */
export interface RowRecords {
  readonly rowCount: number;
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly timestampsMs: Float64Array;
  /** The key of each row, or null for a stream without PRIMARY KEY. */
  readonly keys: readonly (Buffer | null)[] | null;
  readonly partitions: Int32Array;
}

export interface PartitionBatch {
  readonly partition: number;
  /** From 0 on; the same rows to the same partitions are the same batches with the same numbers. */
  readonly number: number;
  readonly bytes: Buffer;
}

/** The headers of the first record of a batch, by the batch's number. */
export type BatchMark = (number: number) => readonly RecordHeader[];

/** More than a record needs beside key and value. */
const recordOverheadBytes = 40;
/** The header of a batch. */
const batchOverheadBytes = 61;
/** At most what the mark of a batch takes. */
const markBytes = 96;

/** An upper bound of what the records take together. */
export function totalSizeBytes({ rowCount, starts, ends, keys }: RowRecords): number {
  let size = batchOverheadBytes + markBytes;
  for (let row = 0; row < rowCount; row++) size += ends[row]! - starts[row]! + (keys?.[row]?.length ?? 0) + recordOverheadBytes;
  return size;
}

/**
 * One batch for each partition; where that would be larger than the limit, as few as hold the rows in order.
 * @param common headers of every record
 * @throws {MillraceError} KAFKA_RECORD_TOO_LARGE for a row that does not fit even alone, naming size and limit
 */
export function buildBatches(
  records: RowRecords,
  limitBytes: number,
  mark: BatchMark = () => [],
  common: readonly RecordHeader[] = [],
): PartitionBatch[] {
  const commonBytes = common.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + (value?.length ?? 0) + 10, 0);
  const open = new Map<number, { readonly number: number; readonly builder: RecordBatchBuilder }>();
  const batches: PartitionBatch[] = [];
  const close = (partition: number) => {
    const { number, builder } = open.get(partition)!;
    batches.push({ partition, number, bytes: builder.finish() });
    open.delete(partition);
  };
  let count = 0;
  for (let row = 0; row < records.rowCount; row++) {
    const partition = records.partitions[row]!;
    const [start, end, key] = [records.starts[row]!, records.ends[row]!, records.keys?.[row] ?? null];
    const sizeBytes = end - start + (key?.length ?? 0) + recordOverheadBytes + commonBytes;
    if (sizeBytes + batchOverheadBytes + markBytes > limitBytes) refuseRow(row, sizeBytes, limitBytes);
    if ((open.get(partition)?.builder.sizeBytes ?? 0) + sizeBytes > limitBytes - markBytes) close(partition);
    const isFirst = !open.has(partition);
    if (isFirst) open.set(partition, { number: count, builder: new RecordBatchBuilder(Math.min(limitBytes, 64 * 1024)) });
    const headers = isFirst ? [...mark(count++), ...common] : common;
    const { builder } = open.get(partition)!;
    const keyEnd = key?.length ?? -1;
    builder.appendSpans(records.timestampsMs[row]!, key ?? records.bytes, Math.min(0, keyEnd), keyEnd, records.bytes, start, end, headers);
  }
  for (const partition of [...open.keys()]) close(partition);
  return batches;
}

function refuseRow(row: number, sizeBytes: number, limitBytes: number): never {
  throw new MillraceError(
    'KAFKA_RECORD_TOO_LARGE',
    `row ${row + 1} has ${sizeBytes} bytes, the topic takes ${limitBytes} (max.message.bytes)`,
    {
      hint: 'nothing was stored; raise max.message.bytes of the topic, or send smaller rows',
      details: { row: row + 1, sizeBytes, limitBytes },
    },
  );
}
