import type { Disk, DiskFile } from '@millrace/core';
import { readBatchHeader } from './batch-header.ts';
import type { SegmentSummary } from './index-file.ts';
import { indexIntervalBytes, segmentName } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';

/** The ending of a file that is to take the place of a segment; one that is found at the start was not finished. */
export const cleanedEnding = '.cleaned';

const writeSizeBytes = 1024 * 1024;

/** A segment file in the making, that is to take the place of one or more sealed ones. */
export class CleanedSegment {
  readonly baseOffset: number;
  readonly path: string;
  readonly index = new SparseIndex();
  readonly #disk: Disk;
  readonly #file: DiskFile;
  #summary: SegmentSummary;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #isOpen = true;

  constructor(disk: Disk, directory: string, baseOffset: number) {
    this.baseOffset = baseOffset;
    this.path = `${directory}/${segmentName(baseOffset)}${cleanedEnding}`;
    this.#disk = disk;
    this.#file = disk.open(this.path, 'create');
    this.#summary = { coveredBytes: 0, nextOffset: baseOffset, maxTimestamp: -1, maxTimestampOffset: -1 };
  }

  /** What it holds. */
  get summary(): SegmentSummary {
    return this.#summary;
  }

  /** @param batch one whole batch, placed behind the ones before. @throws {MillraceError} DISK_FULL, DISK_IO */
  append(batch: Buffer): void {
    const { coveredBytes, maxTimestamp, maxTimestampOffset } = this.#summary;
    const header = readBatchHeader(batch, 0);
    if (this.index.count === 0 || coveredBytes - this.index.lastPosition >= indexIntervalBytes) {
      this.index.add(header.baseOffset - this.baseOffset, coveredBytes, maxTimestamp);
    }
    const isNewest = header.maxTimestamp > maxTimestamp;
    this.#pending.push(batch);
    this.#pendingBytes += batch.length;
    this.#summary = {
      coveredBytes: coveredBytes + batch.length,
      nextOffset: header.lastOffset + 1,
      maxTimestamp: isNewest ? header.maxTimestamp : maxTimestamp,
      maxTimestampOffset: isNewest ? header.baseOffset : maxTimestampOffset,
    };
    if (this.#pendingBytes >= writeSizeBytes) this.#write();
  }

  /** Brings it to stable storage. @throws {MillraceError} DISK_FULL, DISK_IO */
  async finish(): Promise<void> {
    this.#write();
    await this.#file.sync();
    this.#close();
  }

  /** Removes the file. */
  discard(): void {
    this.#close();
    this.#disk.remove(this.path);
  }

  #close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  #write(): void {
    if (this.#pendingBytes === 0) return;
    this.#file.write(this.#pending, this.#summary.coveredBytes - this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
