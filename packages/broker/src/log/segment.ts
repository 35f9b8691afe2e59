import { type Disk, type DiskFile, MillraceError } from '@millrace/core';
import { batchHeader, batchHeaderSize } from '@millrace/kafka-protocol';
import type { BatchHeader } from './batch-header.ts';
import { readIndexFile, type SegmentSummary, writeIndexFile } from './index-file.ts';
import { SparseIndex } from './sparse-index.ts';

/** A new index entry at most every so many bytes. */
export const indexIntervalBytes = 4096;

/** Enough to walk over the small batches between two index entries in one read. */
const walkBytes = 2 * indexIntervalBytes;

/** Where the bytes of a read go; they need not be cleared. */
export type Allocate = (size: number) => Buffer;

/** The file name of a segment, without its ending: the base offset in twenty digits, as Kafka names them. */
export const segmentName = (baseOffset: number) => baseOffset.toString().padStart(20, '0');

/**
 * One append-only file of a log, holding record batches as they arrived, with its sparse index.
 * File and index of a sealed segment are loaded at first use and dropped by {@link unload}; only the summary stays.
 */
export class Segment {
  readonly baseOffset: number;
  readonly #disk: Disk;
  readonly #path: string;
  #file: DiskFile | undefined;
  #index: SparseIndex | undefined;
  #sizeBytes: number;
  #summary: SegmentSummary;
  #nextOffset: number;
  #maxTimestamp: number;
  #maxTimestampOffset: number;

  /** @param summary what is known of the file; all of its `sizeBytes` must hold valid batches. */
  constructor(disk: Disk, directory: string, baseOffset: number, sizeBytes: number, summary: SegmentSummary, index?: SparseIndex) {
    this.baseOffset = baseOffset;
    this.#disk = disk;
    this.#path = `${directory}/${segmentName(baseOffset)}`;
    this.#sizeBytes = sizeBytes;
    this.#summary = summary;
    this.#nextOffset = summary.nextOffset;
    this.#maxTimestamp = summary.maxTimestamp;
    this.#maxTimestampOffset = summary.maxTimestampOffset;
    this.#index = index;
  }

  static create(disk: Disk, directory: string, baseOffset: number): Segment {
    const summary = { coveredBytes: 0, nextOffset: baseOffset, maxTimestamp: -1, maxTimestampOffset: -1 };
    const segment = new Segment(disk, directory, baseOffset, 0, summary, new SparseIndex());
    segment.#file = disk.open(`${segment.#path}.log`, 'create');
    return segment;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  get maxTimestamp(): number {
    return this.#maxTimestamp;
  }

  /** Base offset of the first batch that holds the highest timestamp, −1 in an empty segment. */
  get maxTimestampOffset(): number {
    return this.#maxTimestampOffset;
  }

  get isLoaded(): boolean {
    return this.#file !== undefined;
  }

  /** True if the index file does not cover the whole segment. */
  get isDirty(): boolean {
    return this.#summary.coveredBytes !== this.#sizeBytes;
  }

  /**
   * Appends batches that are already placed. A failed write leaves the segment as it was: what reached the file is cut off,
   * or, should even that fail, is overwritten by the next append and ignored by every read.
   */
  append(bytes: Buffer, batches: readonly BatchHeader[]): void {
    const file = this.#openFile();
    try {
      file.write([bytes], this.#sizeBytes);
    } catch (failure) {
      try {
        file.truncate(this.#sizeBytes);
      } catch {
        // The size in memory rules; the write error is the one to report.
      }
      throw failure;
    }
    for (const batch of batches) this.#note(batch);
  }

  /** Takes a batch into account that is in the file already. */
  #note(batch: BatchHeader): void {
    const index = this.#openIndex();
    if (index.count === 0 || this.#sizeBytes - index.lastPosition >= indexIntervalBytes) {
      index.add(batch.baseOffset - this.baseOffset, this.#sizeBytes, this.#maxTimestamp);
    }
    if (batch.maxTimestamp > this.#maxTimestamp) {
      this.#maxTimestamp = batch.maxTimestamp;
      this.#maxTimestampOffset = batch.baseOffset;
    }
    this.#sizeBytes += batch.sizeBytes;
    this.#nextOffset = batch.lastOffset + 1;
  }

  /**
   * The batches from the one that holds `offset` (or the first after it) on, whole, at most `maxBytes`;
   * with `atLeastOne`, the first even if it is larger. Empty if the segment ends before the offset.
   * @throws {MillraceError} BROKER_LOG_CORRUPT
   */
  read(offset: number, maxBytes: number, atLeastOne: boolean, allocate: Allocate = Buffer.allocUnsafe): Buffer {
    let from = this.positionFor(offset);
    while (from < this.#sizeBytes) {
      // The batch wanted begins less than an index interval behind the one that the index found.
      const bytes = this.#readBytes(from, Math.max(maxBytes + indexIntervalBytes, walkBytes), allocate);
      const start = this.#skipBefore(bytes, offset);
      if (start < bytes.length && start + batchHeaderSize <= bytes.length && batchHeader.lastOffset(bytes, start) >= offset) {
        return this.#wholeBatches(bytes, from, start, maxBytes, atLeastOne, allocate);
      }
      if (start === 0) throw this.#corrupt(from, 'no batch header where one must be');
      from += start;
    }
    return Buffer.alloc(0);
  }

  /** The first batch at or after a batch boundary that passes the test. */
  findBatch(fromPosition: number, accept: (bytes: Buffer, at: number) => boolean): { position: number; sizeBytes: number } | undefined {
    let from = fromPosition;
    while (from < this.#sizeBytes) {
      const bytes = this.#readBytes(from, walkBytes);
      let at = 0;
      while (at + batchHeaderSize <= bytes.length) {
        if (accept(bytes, at)) return { position: from + at, sizeBytes: this.#checkedSize(bytes, at) };
        at += this.#checkedSize(bytes, at);
      }
      if (at === 0) throw this.#corrupt(from, 'no batch header where one must be');
      from += at;
    }
    return undefined;
  }

  /** The first batch with a record at or after the timestamp, and with one at or after an offset, whole. */
  readBatchAtTimestamp(timestamp: number, fromOffset: number): Buffer | undefined {
    const found = this.findBatch(
      this.#openIndex().positionForTimestamp(timestamp),
      (bytes, at) => batchHeader.maxTimestamp(bytes, at) >= timestamp && batchHeader.lastOffset(bytes, at) >= fromOffset,
    );
    return found === undefined ? undefined : this.#readBytes(found.position, found.sizeBytes);
  }

  /** An indexed batch boundary at or before the batch that holds the offset. */
  positionFor(offset: number): number {
    return this.#openIndex().positionForOffset(Math.max(0, offset - this.baseOffset));
  }

  /** Bytes from an indexed boundary near `offset` to the end; 0 only if nothing is there. */
  sizeFrom(offset: number): number {
    if (offset >= this.#nextOffset) return 0;
    if (offset <= this.baseOffset) return this.#sizeBytes;
    return this.#sizeBytes - this.positionFor(offset);
  }

  /** Waits until what is in the file now is on stable storage. */
  sync(): Promise<void> {
    return this.#openFile().sync();
  }

  /** What the segment holds now; write it with {@link writeIndex} once that much is synced. */
  summarize(): SegmentSummary {
    return {
      coveredBytes: this.#sizeBytes,
      nextOffset: this.#nextOffset,
      maxTimestamp: this.#maxTimestamp,
      maxTimestampOffset: this.#maxTimestampOffset,
    };
  }

  writeIndex(summary: SegmentSummary): void {
    writeIndexFile(this.#disk, `${this.#path}.index`, summary, this.#openIndex());
    this.#summary = summary;
  }

  /** Frees the descriptor and the index; the next use loads them again. */
  unload(): void {
    this.#file?.close();
    this.#file = undefined;
    if (!this.isDirty) this.#index = undefined;
  }

  remove(): void {
    this.unload();
    this.#disk.remove(`${this.#path}.log`);
    this.#disk.remove(`${this.#path}.index`);
  }

  #skipBefore(bytes: Buffer, offset: number): number {
    let at = 0;
    while (at + batchHeaderSize <= bytes.length && batchHeader.lastOffset(bytes, at) < offset) at += this.#checkedSize(bytes, at);
    return at;
  }

  #wholeBatches(bytes: Buffer, from: number, start: number, maxBytes: number, atLeastOne: boolean, allocate: Allocate): Buffer {
    const limit = Math.min(bytes.length, start + maxBytes);
    let end = Math.max(start, this.#openIndex().boundaryBefore(from + limit) - from);
    while (end + batchHeaderSize <= limit) {
      const next = end + this.#checkedSize(bytes, end);
      if (next > limit) break;
      end = next;
    }
    if (end > start) return bytes.subarray(start, end);
    return atLeastOne ? this.#readBytes(from + start, this.#checkedSize(bytes, start), allocate) : Buffer.alloc(0);
  }

  #readBytes(position: number, lengthMax: number, allocate: Allocate = Buffer.allocUnsafe): Buffer {
    const length = Math.min(lengthMax, this.#sizeBytes - position);
    const bytes = allocate(length);
    let filled = 0;
    while (filled < length) {
      const count = this.#openFile().read(bytes, filled, length - filled, position + filled);
      if (count === 0) throw this.#corrupt(position + filled, 'the file is shorter than its log');
      filled += count;
    }
    return bytes;
  }

  #checkedSize(bytes: Buffer, at: number): number {
    const size = batchHeader.sizeBytes(bytes, at);
    if (size < batchHeaderSize) throw this.#corrupt(at, `a batch claims ${size} bytes`);
    return size;
  }

  #corrupt(position: number, what: string): MillraceError {
    return new MillraceError('BROKER_LOG_CORRUPT', `${this.#path}.log: ${what}`, { details: { path: `${this.#path}.log`, position } });
  }

  #openFile(): DiskFile {
    this.#file ??= this.#disk.open(`${this.#path}.log`, 'read-write');
    return this.#file;
  }

  #openIndex(): SparseIndex {
    this.#index ??= this.#loadIndex();
    return this.#index;
  }

  #loadIndex(): SparseIndex {
    const stored = readIndexFile(this.#disk, `${this.#path}.index`);
    if (stored !== undefined && stored.summary.coveredBytes === this.#sizeBytes) return stored.index;
    return this.#rebuildIndex();
  }

  #rebuildIndex(): SparseIndex {
    const index = new SparseIndex();
    let maxTimestamp = -1;
    let position = 0;
    this.findBatch(0, (bytes, at) => {
      if (index.count === 0 || position - index.lastPosition >= indexIntervalBytes) {
        index.add(batchHeader.baseOffset(bytes, at) - this.baseOffset, position, maxTimestamp);
      }
      maxTimestamp = Math.max(maxTimestamp, batchHeader.maxTimestamp(bytes, at));
      position += batchHeader.sizeBytes(bytes, at);
      return false;
    });
    return index;
  }
}
