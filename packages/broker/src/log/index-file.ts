import { crc32 } from 'node:zlib';
import type { Disk } from '@millrace/core';
import { SparseIndex } from './sparse-index.ts';
import { writeDerived } from './write-derived.ts';

/** What an index file says about its segment: everything up to `coveredBytes` was checked and was on stable storage. */
export interface SegmentSummary {
  readonly coveredBytes: number;
  /** Offset after the last record covered. */
  readonly nextOffset: number;
  /** Highest record timestamp covered, −1 for none, and the base offset of the first batch that has it. */
  readonly maxTimestamp: number;
  readonly maxTimestampOffset: number;
}

const headerSizeBytes = 40;
const magic = 0x4d494458;

/** Writes the index of a segment whole, so that the end of the process leaves the old or the new one. */
export function writeIndexFile(disk: Disk, path: string, summary: SegmentSummary, index: SparseIndex): void {
  const entries = index.encode(summary.coveredBytes);
  const header = Buffer.allocUnsafe(headerSizeBytes);
  header.writeUInt32BE(magic, 0);
  header.writeDoubleBE(summary.coveredBytes, 8);
  header.writeDoubleBE(summary.nextOffset, 16);
  header.writeDoubleBE(summary.maxTimestamp, 24);
  header.writeDoubleBE(summary.maxTimestampOffset, 32);
  header.writeUInt32BE(crc32(entries, crc32(header.subarray(8))), 4);
  writeDerived(disk, path, Buffer.concat([header, entries]));
}

/** The index of a segment, or undefined if there is none or it is damaged: it can always be built again from the segment. */
export function readIndexFile(disk: Disk, path: string): { summary: SegmentSummary; index: SparseIndex } | undefined {
  if (!disk.exists(path)) return undefined;
  const bytes = disk.readFile(path);
  if (bytes.length < headerSizeBytes || bytes.readUInt32BE(0) !== magic) return undefined;
  if (bytes.readUInt32BE(4) !== crc32(bytes.subarray(8))) return undefined;
  const summary = {
    coveredBytes: bytes.readDoubleBE(8),
    nextOffset: bytes.readDoubleBE(16),
    maxTimestamp: bytes.readDoubleBE(24),
    maxTimestampOffset: bytes.readDoubleBE(32),
  };
  return { summary, index: SparseIndex.decode(bytes.subarray(headerSizeBytes)) };
}
