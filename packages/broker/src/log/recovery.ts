import { type Disk, type DiskFile, MillraceError } from '@millrace/core';
import { batchHeader, batchHeaderSize, verifyCrc } from '@millrace/kafka-protocol';
import { type BatchHeader, readBatchHeader } from './batch-header.ts';
import { readIndexFile, type SegmentSummary } from './index-file.ts';
import { indexIntervalBytes, Segment, segmentName } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';

const readSizeBytes = 1024 * 1024;

/** A segment as it was found on disk. */
export interface RecoveredSegment {
  readonly segment: Segment;
  /** Bytes that held no valid batch and were cut off. */
  readonly truncatedBytes: number;
  /** True if all or some of it is known to have been on stable storage. */
  readonly wasSynced: boolean;
}

/**
 * Opens a segment file. What its index covers was synced before the index was written and is trusted; the rest is read,
 * checked batch by batch, and cut off at the first one that is not whole.
 * @throws {MillraceError} BROKER_LOG_CORRUPT if the file is shorter than what was synced of it; DISK_IO
 */
export function recoverSegment(disk: Disk, directory: string, baseOffset: number): RecoveredSegment {
  const path = `${directory}/${segmentName(baseOffset)}`;
  const file = disk.open(`${path}.log`, 'read-write');
  try {
    const fileBytes = file.size();
    const stored = readIndexFile(disk, `${path}.index`);
    if (stored !== undefined && stored.summary.coveredBytes > fileBytes) throw tooShort(path, fileBytes, stored.summary.coveredBytes);
    const wasSynced = stored !== undefined;
    const index = stored?.index ?? new SparseIndex();
    const summary = stored?.summary ?? { coveredBytes: 0, nextOffset: baseOffset, maxTimestamp: -1, maxTimestampOffset: -1 };
    if (summary.coveredBytes === fileBytes) {
      return { segment: new Segment(disk, directory, baseOffset, fileBytes, summary), truncatedBytes: 0, wasSynced };
    }
    const found = scanTail(file, baseOffset, fileBytes, summary, index);
    if (found.coveredBytes < fileBytes) {
      file.truncate(found.coveredBytes);
      // Else what is cut off could come back with the next loss of power, behind what will have been appended by then.
      file.syncNow();
    }
    // The size on disk is larger than what the index file covers, so the segment counts as dirty until its next checkpoint.
    const segment = new Segment(disk, directory, baseOffset, found.coveredBytes, { ...found, coveredBytes: summary.coveredBytes }, index);
    return { segment, truncatedBytes: fileBytes - found.coveredBytes, wasSynced };
  } finally {
    file.close();
  }
}

function tooShort(path: string, fileBytes: number, coveredBytes: number): MillraceError {
  return new MillraceError('BROKER_LOG_CORRUPT', `${path}.log has ${fileBytes} bytes; ${coveredBytes} were on stable storage`, {
    details: { path: `${path}.log`, fileBytes, coveredBytes },
    hint: `restore it from a copy; to go on with what is left of it, remove ${path}.index`,
  });
}

function scanTail(file: DiskFile, baseOffset: number, fileBytes: number, from: SegmentSummary, index: SparseIndex): SegmentSummary {
  let { nextOffset, maxTimestamp, maxTimestampOffset } = from;
  const coveredBytes = scanBatches(file, from.coveredBytes, fileBytes, (bytes, at, position) => {
    if (!isWhole(bytes, at, nextOffset)) return false;
    const batch = readBatchHeader(bytes, at);
    if (index.count === 0 || position - index.lastPosition >= indexIntervalBytes) {
      index.add(batch.baseOffset - baseOffset, position, maxTimestamp);
    }
    if (batch.maxTimestamp > maxTimestamp) [maxTimestamp, maxTimestampOffset] = [batch.maxTimestamp, batch.baseOffset];
    nextOffset = batch.lastOffset + 1;
    return true;
  });
  return { coveredBytes, nextOffset, maxTimestamp, maxTimestampOffset };
}

function isWhole(bytes: Buffer, at: number, nextOffset: number): boolean {
  if (batchHeader.magic(bytes, at) !== 2) return false;
  try {
    return batchHeader.baseOffset(bytes, at) >= nextOffset && verifyCrc(bytes, at);
  } catch {
    return false; // an offset beyond 53 bits: not one of ours
  }
}

/**
 * Walks over the batches between two positions of a file, each wholly in memory when `accept` sees it.
 * @returns the position behind the last batch accepted.
 */
function scanBatches(file: DiskFile, from: number, to: number, accept: (bytes: Buffer, at: number, position: number) => boolean): number {
  let position = from;
  let wantedBytes = readSizeBytes;
  while (position < to) {
    const bytes = readUpTo(file, position, Math.min(wantedBytes, to - position));
    let at = 0;
    while (at + batchHeaderSize <= bytes.length) {
      const size = batchHeader.sizeBytes(bytes, at);
      if (size < batchHeaderSize || position + at + size > to) return position + at;
      if (at + size > bytes.length) break;
      if (!accept(bytes, at, position + at)) return position + at;
      at += size;
    }
    if (at === 0) {
      // Either one batch larger than what was read, or too few bytes for a header.
      const needed = bytes.length < batchHeaderSize ? Number.POSITIVE_INFINITY : batchHeader.sizeBytes(bytes, 0);
      if (needed <= wantedBytes || needed > to - position) return position;
      wantedBytes = needed;
      continue;
    }
    position += at;
    wantedBytes = readSizeBytes;
  }
  return position;
}

function readUpTo(file: DiskFile, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = file.read(bytes, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/** Replays the headers of a segment's batches from an offset on. */
export function replayHeaders(
  disk: Disk,
  directory: string,
  segment: Segment,
  fromOffset: number,
  apply: (batch: BatchHeader) => void,
): void {
  if (segment.nextOffset <= fromOffset) return;
  const file = disk.open(`${directory}/${segmentName(segment.baseOffset)}.log`, 'read');
  try {
    scanBatches(file, segment.positionFor(fromOffset), segment.sizeBytes, (bytes, at) => {
      const batch = readBatchHeader(bytes, at);
      if (batch.baseOffset >= fromOffset) apply(batch);
      return true;
    });
  } finally {
    file.close();
  }
}
