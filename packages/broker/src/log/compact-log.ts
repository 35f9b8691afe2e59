import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { batchHeader, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { type BatchHeader, readBatchHeader } from './batch-header.ts';
import type { CompactionHistory } from './compaction-history.ts';
import { filterBatch } from './filter-batch.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Segment } from './segment.ts';

/** When and how a log is compacted. */
export interface CompactionRules {
  /** Share of the log that must be new since the last pass. */
  readonly dirtyRatioMin: number;
  /** How long a tombstone stays in the compacted part. */
  readonly deleteRetentionMs: number;
  /** Records younger than this are left alone. */
  readonly lagMinMs: number;
  /** Records older than this are compacted whatever the share. */
  readonly lagMaxMs: number;
  /** Segments are joined up to this size. */
  readonly segmentBytes: number;
}

/** What is known of the log beside its batches. */
export interface CompactionView {
  /** Up to here no transaction is open; nothing behind is touched. */
  readonly stableOffset: number;
  /** True for a batch whose transaction was aborted. */
  isAborted(batch: BatchHeader): boolean;
  /** True for the batch that tells the last sequence of a producer: it stays, if only without records. */
  isLastOfProducer(batch: BatchHeader): boolean;
}

/** Keys that one pass looks at; what is left waits for the next. */
const keysMax = 1_000_000;
const readSizeBytes = 1024 * 1024;
/** Relative offsets of the index have 32 bits. */
const offsetSpanMax = 2 ** 31 - 1;

/**
 * Makes one pass of compaction if it is due: of each key the last record stays, tombstones for their time; segments are written anew
 * and take the place of the old ones one group at a time. Sealed segments only, in pieces that let others work in between; given up when
 * the log is closed or the segments are deleted meanwhile.
 *
 * Commit markers stay as long as something of their transaction does, abort markers as long as the log does.
 * @returns true if a pass was made.
 * @throws {MillraceError} DISK_FULL, DISK_IO, BROKER_LOG_CORRUPT, KAFKA_PROTOCOL_INVALID; then the log is as good as before.
 * @see https://kafka.apache.org/documentation/#compaction, KIP-58, KIP-354
 */
export async function compactLog(
  log: PartitionLog,
  history: CompactionHistory,
  rules: CompactionRules,
  view: CompactionView,
  nowMs: number,
): Promise<boolean> {
  const cleanable = takeWhile(
    log.sealedSegments(),
    ({ nextOffset, maxTimestamp }) => nextOffset <= view.stableOffset && nowMs - maxTimestamp >= rules.lagMinMs,
  );
  const firstDirty = cleanable.findIndex(({ nextOffset }) => nextOffset > history.cleanedUpTo);
  if (firstDirty < 0 || !isDue(cleanable, firstDirty, rules, nowMs)) return false;
  const newest = new Map<string, number>();
  let end = firstDirty;
  while (end < cleanable.length && newest.size < keysMax) {
    if (!(await collectKeys(log, cleanable[end]!, view, newest))) return false;
    end++;
  }
  const tombstonesEnd = history.tombstonesEnd(rules.deleteRetentionMs, nowMs);
  const filter = new BatchFilter(newest, tombstonesEnd, view);
  for (const group of grouped(cleanable.slice(0, end), rules.segmentBytes)) {
    if (!(await rewrite(log, group, filter))) return false;
  }
  history.add(cleanable[end - 1]!.nextOffset, rules.deleteRetentionMs, nowMs);
  return true;
}

function takeWhile<T>(items: readonly T[], accept: (item: T) => boolean): readonly T[] {
  const end = items.findIndex((item) => !accept(item));
  return end < 0 ? items : items.slice(0, end);
}

function isDue(cleanable: readonly Segment[], firstDirty: number, rules: CompactionRules, nowMs: number): boolean {
  const bytesOf = (segments: readonly Segment[]) => segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const dirty = cleanable.slice(firstDirty);
  const dirtyBytes = bytesOf(dirty);
  const isLate = dirty.some(({ maxTimestamp }) => maxTimestamp >= 0 && nowMs - maxTimestamp > rules.lagMaxMs);
  return dirtyBytes > 0 && (isLate || dirtyBytes / bytesOf(cleanable) >= rules.dirtyRatioMin);
}

/** Adjacent segments that fit into one. */
function grouped(segments: readonly Segment[], segmentBytes: number): Segment[][] {
  const groups: Segment[][] = [];
  let bytes = 0;
  for (const segment of segments) {
    const group = groups.at(-1);
    bytes += segment.sizeBytes;
    if (group === undefined || bytes > segmentBytes || segment.nextOffset - group[0]!.baseOffset > offsetSpanMax) {
      groups.push([segment]);
      bytes = segment.sizeBytes;
    } else group.push(segment);
  }
  return groups;
}

/** Notes the last offset of each key; false if the segment is gone. */
async function collectKeys(log: PartitionLog, segment: Segment, view: CompactionView, newest: Map<string, number>): Promise<boolean> {
  const records = new RecordSpans();
  for await (const batch of batchesOf(log, segment)) {
    if (batch === undefined) return false;
    const header = readBatchHeader(batch, 0);
    if (header.control !== undefined || view.isAborted(header)) continue;
    records.clear();
    decodeRecords(batch, 0, batch.length, records);
    for (let i = 0; i < records.count; i++) {
      const key = records.key(i);
      if (key !== null) newest.set(key.toString('latin1'), records.offsets[i]!);
    }
  }
  return true;
}

/** Writes a group of segments anew and puts it in their place, unless nothing would change; false if they are gone. */
async function rewrite(log: PartitionLog, group: readonly Segment[], filter: BatchFilter): Promise<boolean> {
  const cleaned = log.beginCleaned(group[0]!.baseOffset);
  try {
    const endOffset = group.at(-1)!.nextOffset;
    let isChanged = group.length > 1;
    for (const segment of group) {
      for await (const batch of batchesOf(log, segment)) {
        if (batch === undefined) {
          cleaned.discard();
          return false;
        }
        // The last batch stays, so that no gap between two segments looks like a loss.
        const isLast = batchHeader.lastOffset(batch, 0) + 1 === endOffset;
        const kept = filter.apply(batch, isLast);
        isChanged ||= kept !== batch;
        if (kept !== undefined) cleaned.append(kept);
      }
    }
    if (!isChanged) {
      cleaned.discard();
      return true;
    }
    await cleaned.finish();
    return await log.replaceSealed(group, cleaned);
  } catch (failure) {
    cleaned.discard();
    throw failure;
  }
}

/** The batches of a segment; undefined and the end if the segment is gone. */
async function* batchesOf(log: PartitionLog, segment: Segment): AsyncGenerator<Buffer | undefined> {
  for (let offset = segment.baseOffset; offset < segment.nextOffset; ) {
    await yieldToOthers();
    if (!log.holds(segment)) {
      yield undefined;
      return;
    }
    const bytes = segment.read(offset, readSizeBytes, true);
    for (let at = 0; at < bytes.length; ) {
      const size = batchHeader.sizeBytes(bytes, at);
      offset = batchHeader.lastOffset(bytes, at) + 1;
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
}

/** Decides batch by batch, in order of the log, what stays. */
class BatchFilter {
  readonly #newest: ReadonlyMap<string, number>;
  readonly #tombstonesEnd: number;
  readonly #view: CompactionView;
  /** Producers of which something was seen since their last marker. */
  readonly #withRecords = new Set<number>();

  constructor(newest: ReadonlyMap<string, number>, tombstonesEnd: number, view: CompactionView) {
    this.#newest = newest;
    this.#tombstonesEnd = tombstonesEnd;
    this.#view = view;
  }

  /** What stays of a batch: itself, another in its place, or nothing. */
  apply(batch: Buffer, mustStay: boolean): Buffer | undefined {
    const header = readBatchHeader(batch, 0);
    if (header.control !== undefined) return this.#keepsMarker(header) || mustStay ? batch : undefined;
    if (header.isTransactional) this.#withRecords.add(header.producerId);
    const isAborted = this.#view.isAborted(header);
    const kept = filterBatch(batch, (records, index) => !isAborted && this.#keepsRecord(records, index));
    const isEmpty = batchHeader.recordCount(kept, 0) === 0;
    return isEmpty && !mustStay && !this.#view.isLastOfProducer(header) ? undefined : kept;
  }

  #keepsRecord(records: RecordSpans, index: number): boolean {
    const key = records.key(index);
    if (key === null) return false; // from before the topic was compacted
    const offset = records.offsets[index]!;
    if ((this.#newest.get(key.toString('latin1')) ?? -1) > offset) return false;
    return records.valueStarts[index]! >= 0 || offset >= this.#tombstonesEnd;
  }

  #keepsMarker({ producerId, baseOffset, control }: BatchHeader): boolean {
    const hadRecords = this.#withRecords.delete(producerId);
    return hadRecords || control !== 'commit' || baseOffset >= this.#tombstonesEnd;
  }
}
