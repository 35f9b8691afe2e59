import { crc32 } from 'node:zlib';
import { type Clock, type Disk, type Logger, MillraceError } from '@millrace/core';
import { batchHeader } from '@millrace/kafka-protocol';
import { type BatchHeader, placeBatch } from './batch-header.ts';
import { CleanedSegment, cleanedEnding } from './cleaned-segment.ts';
import { recoverSegment, replayHeaders } from './recovery.ts';
import { type RetentionLimits, retentionEnd } from './retention.ts';
import { type Allocate, Segment, segmentName } from './segment.ts';
import { isWhole, readStored } from './stored-json.ts';
import { writeDerived } from './write-derived.ts';

/** How a log rolls, checks itself and keeps its promise. Read at every use, so that it may change while the log is open. */
export interface LogSettings {
  /** A segment is sealed before it would grow beyond this. */
  readonly segmentBytes: number;
  /** A segment is sealed this long after its first append. */
  readonly segmentMs: number;
  /** Appends wait for stable storage once so many records are not there yet; Infinity never. */
  readonly flushMessages: number;
  /** Records are brought to stable storage at the latest after this; Infinity never. */
  readonly flushMs: number;
}

/** What a log derives from its batches and keeps beside them, so that a restart need not read them all. */
export interface DerivedState {
  apply(batch: BatchHeader): void;
  capture(): Uint8Array;
  /** Takes over what {@link capture} gave; false if it cannot be read. */
  restore(captured: Buffer): boolean;
  reset(): void;
  /** The log begins at this offset now: what is about earlier ones may be dropped. */
  forgetBefore(offset: number): void;
}

export interface PartitionLogPorts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A checkpoint is written after so many bytes, so that this is all that a restart must check. */
const checkpointBytes = 64 * 1024 * 1024;
/** Sealed segments of one log that stay open for reading. */
const loadedSegmentsMax = 4;
const snapshotName = 'producers.snapshot';
const startOffsetName = 'log-start-offset';
/** A checksum of what follows, and the offset. */
const snapshotHeadBytes = 12;

/**
 * The log of one partition: segments of record batches, byte for byte as they came except base offset and leader epoch.
 *
 * Promise: what {@link append} returned survives the end of the process; it survives a loss of power once {@link flush}
 * (or the flush settings) brought it to stable storage. A failed append leaves no trace. Once a sync has failed, what is not known to be
 * on stable storage is read no more.
 * Order: offsets are dense and follow the order of the calls.
 * @throws {MillraceError} DISK_FULL, DISK_IO, BROKER_LOG_CORRUPT, BROKER_DATA_DIRECTORY_INVALID
 */
export class PartitionLog {
  readonly directory: string;
  readonly #ports: PartitionLogPorts;
  readonly #settings: LogSettings;
  readonly #state: DerivedState | undefined;
  readonly #segments: Segment[] = [];
  #startOffset = 0;
  #activeSinceMs: number;
  #syncedOffset: number;
  #syncing: Promise<void> | undefined;
  #maintenance: Promise<void> = Promise.resolve();
  #checkpointedBytes = 0;
  #flushTimer: { cancel(): void } | undefined;
  #failure: MillraceError | undefined;
  #isClosed = false;

  private constructor(directory: string, ports: PartitionLogPorts, settings: LogSettings, state: DerivedState | undefined) {
    this.directory = directory;
    this.#ports = ports;
    this.#settings = settings;
    this.#state = state;
    this.#activeSinceMs = ports.clock.monotonic();
    this.#recoverSegments();
    this.#recoverState();
    // What was found but is not covered by an index may still be in the page cache only.
    this.#syncedOffset = this.#segments.find((segment) => segment.isDirty)?.baseOffset ?? this.endOffset;
    this.#checkpointedBytes = this.#active.isDirty ? 0 : this.#active.sizeBytes;
    for (const sealed of this.#segments.slice(0, -1)) if (sealed.isDirty) this.#checkpoint(sealed, false);
  }

  /** Opens the log in a directory, making both if need be, and recovers it. */
  static open(directory: string, ports: PartitionLogPorts, settings: LogSettings, state?: DerivedState): PartitionLog {
    ports.disk.makeDirectory(directory);
    return new PartitionLog(directory, ports, settings, state);
  }

  /** Offset of the first record that may be read. */
  get startOffset(): number {
    return this.#startOffset;
  }

  /** Offset that the next record will have. */
  get endOffset(): number {
    return this.#active.nextOffset;
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  get #active(): Segment {
    return this.#segments[this.#segments.length - 1]!;
  }

  /**
   * Appends checked batches that stand one behind the other in `bytes` and gives them their offsets, in place.
   * @param leaderEpoch of whoever appends.
   * @returns the headers as stored.
   */
  append(bytes: Buffer, batches: readonly BatchHeader[], leaderEpoch = 0): BatchHeader[] {
    this.#assertUsable();
    this.#rollIfDue(bytes.length);
    if (this.#active.sizeBytes === 0) this.#activeSinceMs = this.#ports.clock.monotonic();
    const placed: BatchHeader[] = [];
    let at = 0;
    let nextOffset = this.endOffset;
    for (const batch of batches) {
      placeBatch(bytes, at, nextOffset, leaderEpoch);
      const lastOffset = nextOffset + (batch.lastOffset - batch.baseOffset);
      placed.push({ ...batch, baseOffset: nextOffset, lastOffset });
      nextOffset = lastOffset + 1;
      at += batch.sizeBytes;
    }
    this.#active.append(bytes, placed);
    for (const batch of placed) this.#state?.apply(batch);
    this.#checkpointIfDue();
    this.#armFlushTimer();
    return placed;
  }

  /** True if the settings ask for a flush before an append is acknowledged. */
  get needsFlush(): boolean {
    return this.endOffset - this.#syncedOffset >= this.#settings.flushMessages;
  }

  /**
   * The batches from the one that holds the offset on, out of one segment: whole, at most `maxBytes`, and with
   * `atLeastOne` the first even if it is larger. Empty at the end of the log.
   * @param offset within [startOffset, endOffset].
   */
  read(offset: number, maxBytes: number, atLeastOne: boolean, allocate?: Allocate): Buffer {
    const bytes = this.#readAny(offset, maxBytes, atLeastOne, allocate);
    if (this.#failure === undefined || bytes.length === 0) return bytes;
    // Who read the rest could have built on it, and have that kept, before it is gone.
    const synced = beforeOffset(bytes, this.#syncedOffset);
    if (synced.length === 0) throw this.#failure;
    return synced;
  }

  #readAny(offset: number, maxBytes: number, atLeastOne: boolean, allocate?: Allocate): Buffer {
    let from = offset;
    let bytes: Buffer = Buffer.alloc(0);
    for (let at = this.#segmentIndexFor(offset); at < this.#segments.length; ) {
      const segment = this.#segments[at]!;
      if (segment.nextOffset <= from) {
        at++;
        continue;
      }
      this.#unloadOthers(segment);
      bytes = segment.read(from, maxBytes, atLeastOne, allocate);
      if (bytes.length === 0) return bytes;
      // Batches that compaction left without records are passed over: an answer of those alone makes some clients skip to the end.
      const firstAfterEmpty = offsetAfterEmpty(bytes);
      if (firstAfterEmpty === undefined) return bytes;
      from = firstAfterEmpty;
    }
    return bytes;
  }

  /** About how many bytes can be read from the offset on; never 0 if there is something. */
  sizeFrom(offset: number): number {
    if (offset >= this.endOffset) return 0;
    let size = 0;
    for (let at = this.#segmentIndexFor(offset); at < this.#segments.length; at++) size += this.#segments[at]!.sizeFrom(offset);
    return size;
  }

  /** The first batch from an offset on that says of itself to hold a record at or after the timestamp, whole; undefined if there is none. */
  batchAtTimestamp(timestamp: number, fromOffset = this.#startOffset): Buffer | undefined {
    for (const segment of this.#segments) {
      if (segment.maxTimestamp < timestamp || segment.nextOffset <= fromOffset) continue;
      this.#unloadOthers(segment);
      const batch = segment.readBatchAtTimestamp(timestamp, fromOffset);
      if (batch !== undefined) return batch;
    }
    return undefined;
  }

  /** The first batch that holds a record with the highest timestamp of the log, whole. */
  batchOfMaxTimestamp(): Buffer | undefined {
    const newest = this.#segments.reduce((best, segment) => (segment.maxTimestamp > best.maxTimestamp ? segment : best));
    if (newest.maxTimestamp < 0) return undefined;
    const bytes = newest.read(newest.maxTimestampOffset, 0, true);
    return bytes.length > 0 && batchHeader.maxTimestamp(bytes, 0) === newest.maxTimestamp ? bytes : undefined;
  }

  /** Brings what was appended so far to stable storage; calls at the same time share their way to the disk. */
  async flush(): Promise<void> {
    const target = this.endOffset;
    while (this.#syncedOffset < target) {
      this.#assertUsable();
      this.#syncing ??= this.#syncActive().finally(() => {
        this.#syncing = undefined;
      });
      await this.#syncing;
    }
  }

  /**
   * Forgets everything before an offset: `startOffset` moves, and segments that lie wholly before it are removed.
   * The active segment stays. A crash in between leaves the old start or the new one, and files that the next start sweeps away.
   * @param offset not beyond `endOffset`.
   */
  deleteBefore(offset: number): void {
    if (offset <= this.#startOffset) return;
    this.#ports.disk.replaceFile(`${this.directory}/${startOffsetName}`, Buffer.from(String(offset)));
    this.#startOffset = offset;
    this.#state?.forgetBefore(offset);
    while (this.#segments.length > 1 && this.#segments[0]!.nextOffset <= offset) this.#segments.shift()!.remove();
  }

  /** Deletes whole segments that the limits do not keep; the active one too, after sealing it, if all of it has expired. */
  applyRetention(limits: RetentionLimits): void {
    const end = retentionEnd(this.#segments, limits, this.#ports.clock.now());
    if (end <= this.#startOffset) return;
    if (end === this.endOffset) this.roll();
    this.deleteBefore(end);
  }

  /** All but the active one, in order. */
  sealedSegments(): readonly Segment[] {
    return this.#segments.slice(0, -1);
  }

  /** True as long as a segment is part of this log, and the log is open. */
  holds(segment: Segment): boolean {
    return !this.#isClosed && this.#segments.includes(segment);
  }

  /** Begins a file that is to take the place of sealed segments. @throws {MillraceError} DISK_FULL, DISK_IO */
  beginCleaned(baseOffset: number): CleanedSegment {
    return new CleanedSegment(this.#ports.disk, this.directory, baseOffset);
  }

  /**
   * Puts a finished file in the place of adjacent sealed segments that end at the same offset. A crash leaves the old or the new ones:
   * what a rename left behind is known by its offsets at the next start.
   * @returns false if they are gone meanwhile; then the file is removed.
   */
  async replaceSealed(replaced: readonly Segment[], cleaned: CleanedSegment): Promise<boolean> {
    await this.#maintenance;
    const { disk } = this.#ports;
    const first = replaced[0]!;
    const isSafe = replaced.every((segment) => this.holds(segment) && !segment.isDirty);
    if (!isSafe || this.#failure !== undefined) {
      if (!this.#isClosed) cleaned.discard();
      return false;
    }
    const path = `${this.directory}/${segmentName(first.baseOffset)}`;
    for (const segment of replaced) segment.unload();
    // The old index would be taken for one of the new file.
    disk.remove(`${path}.index`);
    disk.rename(cleaned.path, `${path}.log`);
    const { summary } = cleaned;
    const segment = new Segment(
      disk,
      this.directory,
      first.baseOffset,
      summary.coveredBytes,
      { ...summary, coveredBytes: 0 },
      cleaned.index,
    );
    this.#segments.splice(this.#segments.indexOf(first), replaced.length, segment);
    for (const old of replaced.slice(1)) old.remove();
    segment.writeIndex(summary);
    return true;
  }

  /** Seals the active segment and begins another. */
  roll(): void {
    const sealed = this.#active;
    if (sealed.sizeBytes === 0) return;
    this.#segments.push(Segment.create(this.#ports.disk, this.directory, sealed.nextOffset));
    this.#checkpointedBytes = 0;
    this.#checkpoint(sealed);
  }

  /** Waits for checkpoints under way, writes a last one and frees the files. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#flushTimer?.cancel();
    if (this.#failure === undefined && (this.#active.isDirty || this.#syncedOffset < this.endOffset)) this.#checkpoint(this.#active);
    await this.#maintenance;
    this.abandon();
  }

  /** Frees the files and leaves the disk as it is. */
  abandon(): void {
    this.#isClosed = true;
    this.#flushTimer?.cancel();
    for (const segment of this.#segments) segment.unload();
  }

  async #syncActive(): Promise<void> {
    const target = this.endOffset;
    try {
      // A sealed segment is synced by its checkpoint, which must be through before this counts.
      const active = this.#active;
      await this.#maintenance;
      if (!this.#isClosed) await active.sync();
    } catch (failure) {
      throw this.#fail(failure);
    }
    this.#assertUsable();
    this.#syncedOffset = Math.max(this.#syncedOffset, target);
  }

  #rollIfDue(bytes: number): void {
    const active = this.#active;
    if (active.sizeBytes === 0) return;
    const isFull = active.sizeBytes + bytes > this.#settings.segmentBytes;
    if (isFull || this.#ports.clock.monotonic() - this.#activeSinceMs >= this.#settings.segmentMs) this.roll();
  }

  #checkpointIfDue(): void {
    if (this.#active.sizeBytes - this.#checkpointedBytes < checkpointBytes) return;
    this.#checkpointedBytes = this.#active.sizeBytes;
    this.#checkpoint(this.#active);
  }

  /** Syncs a segment, then records in its index file, and in the snapshot, what now need not be checked again. */
  #checkpoint(segment: Segment, withSnapshot = true): void {
    const summary = segment.summarize();
    const snapshot = withSnapshot ? this.#state?.capture() : undefined;
    const isObsolete = () => this.#isClosed || !this.#segments.includes(segment);
    const write = async () => {
      if (this.#failure !== undefined || isObsolete()) return;
      try {
        await segment.sync();
      } catch (failure) {
        if (!isObsolete()) this.#fail(failure);
        return;
      }
      if (isObsolete()) return;
      try {
        segment.writeIndex(summary);
        if (snapshot !== undefined)
          writeDerived(this.#ports.disk, `${this.directory}/${snapshotName}`, encodeSnapshot(summary.nextOffset, snapshot));
      } catch (failure) {
        // Only costs a longer check at the next start.
        this.#ports.logger.warn({ directory: this.directory, error: String(failure) }, 'checkpoint not written');
      }
    };
    this.#maintenance = this.#maintenance.then(write);
  }

  #armFlushTimer(): void {
    if (this.#flushTimer !== undefined || !Number.isFinite(this.#settings.flushMs)) return;
    this.#flushTimer = this.#ports.clock.setTimer(this.#settings.flushMs, () => {
      this.#flushTimer = undefined;
      this.flush().catch(() => {}); // the failure is kept and met by the next append
    });
  }

  #recoverSegments(): void {
    const { disk } = this.#ports;
    const startOffsetPath = `${this.directory}/${startOffsetName}`;
    if (disk.exists(startOffsetPath)) this.#startOffset = readStored<number>(disk, startOffsetPath, isWhole);
    const stored = this.#storedSegments();
    const indexed = offsetsOf(disk.list(this.directory), 'index').filter((baseOffset) => !stored.includes(baseOffset));
    for (const baseOffset of stored) {
      const { segment, truncatedBytes, wasSynced } = recoverSegment(disk, this.directory, baseOffset);
      const previous = this.#segments.at(-1);
      if (previous !== undefined && baseOffset < previous.nextOffset) {
        segment.remove(); // compacted into the one before
        continue;
      }
      const expected = previous?.nextOffset ?? this.#startOffset;
      const isMissing = previous === undefined ? baseOffset > expected : baseOffset !== expected;
      if (isMissing && wasSynced) {
        const remedy = previous === undefined ? `write ${baseOffset} to the file ${startOffsetName}` : moveAwayFrom(expected);
        throw this.#missing(`the records from offset ${expected} to ${baseOffset} are missing`, remedy);
      }
      if (isMissing && previous !== undefined) {
        // What was acknowledged from the hole on was never synced, and was lost with the hole.
        this.#ports.logger.warn({ directory: this.directory, baseOffset }, 'removed a segment behind a torn one');
        segment.remove();
        continue;
      }
      if (truncatedBytes > 0) {
        this.#ports.logger.warn(
          { directory: this.directory, baseOffset, truncatedBytes, endOffset: segment.nextOffset },
          'cut off a torn tail',
        );
      }
      this.#segments.push(segment);
    }
    // Offsets before the start were given and deleted: should the log have been cut to below it, they are not given again.
    if ((this.#segments.at(-1)?.nextOffset ?? 0) < this.#startOffset) for (const segment of this.#segments.splice(0)) segment.remove();
    if (this.#segments.length === 0) this.#segments.push(Segment.create(disk, this.directory, this.#startOffset));
    this.#startOffset = Math.max(this.#startOffset, this.#segments[0]!.baseOffset);
    const lost = indexed.find((baseOffset) => baseOffset >= this.endOffset);
    if (lost !== undefined) throw this.#missing(`the records from offset ${lost} on are missing`, moveAwayFrom(lost));
  }

  /** Segments are synced one after the other, so what was synced lay behind something whole: that was damaged or taken away. */
  #missing(what: string, remedy: string): MillraceError {
    return new MillraceError('BROKER_LOG_CORRUPT', `${this.directory}: ${what}`, {
      details: { path: this.directory },
      hint: `restore the segments from a copy; to go on without them, ${remedy}`,
    });
  }

  /** Base offsets of the segment files, in order; those wholly before the start of the log, left by a crash, are removed. */
  #storedSegments(): number[] {
    const { disk } = this.#ports;
    const stored = disk.list(this.directory);
    for (const name of stored) if (name.endsWith(cleanedEnding)) disk.remove(`${this.directory}/${name}`);
    const baseOffsets = offsetsOf(stored, 'log');
    return baseOffsets.filter((baseOffset, i) => {
      const isDeleted = i + 1 < baseOffsets.length && baseOffsets[i + 1]! <= this.#startOffset;
      if (isDeleted) for (const ending of ['log', 'index']) disk.remove(`${this.directory}/${segmentName(baseOffset)}.${ending}`);
      return !isDeleted;
    });
  }

  #recoverState(): void {
    if (this.#state === undefined) return;
    const path = `${this.directory}/${snapshotName}`;
    const snapshot = this.#ports.disk.exists(path) ? decodeSnapshot(this.#ports.disk.readFile(path)) : undefined;
    let from = snapshot?.offset ?? 0;
    if (snapshot === undefined || from > this.endOffset || !this.#state.restore(snapshot.captured)) {
      this.#state.reset();
      from = 0;
    }
    const state = this.#state;
    for (const segment of this.#segments) replayHeaders(this.#ports.disk, this.directory, segment, from, (batch) => state.apply(batch));
    state.forgetBefore(this.#startOffset);
  }

  /** Index of the last segment that begins at or before the offset. */
  #segmentIndexFor(offset: number): number {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#segments[middle]!.baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #unloadOthers(wanted: Segment): void {
    if (wanted === this.#active || wanted.isLoaded) return;
    const loaded = this.#segments.filter((segment) => segment.isLoaded && segment !== this.#active && !segment.isDirty);
    if (loaded.length >= loadedSegmentsMax) loaded[0]!.unload();
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) throw new MillraceError('DISK_IO', `${this.directory}: the log is closed`);
  }

  #fail(failure: unknown): MillraceError {
    if (this.#failure === undefined) {
      this.#failure = new MillraceError(
        'DISK_IO',
        `${this.directory}: a sync failed, so the log takes no more until a restart has checked it`,
        {
          cause: failure,
        },
      );
      this.#ports.logger.error({ directory: this.directory, error: String(failure) }, 'log failed');
    }
    return this.#failure;
  }
}

/** The base offsets of segments that have a file of this kind. */
function offsetsOf(names: readonly string[], ending: 'log' | 'index'): number[] {
  return names.filter((name) => /^\d{20}\./.test(name) && name.endsWith(`.${ending}`)).map((name) => Number.parseInt(name, 10));
}

const moveAwayFrom = (baseOffset: number) => `move the files from ${segmentName(baseOffset)} on away`;

/** Where to read on if no batch has a record; undefined if one has. */
function offsetAfterEmpty(bytes: Buffer): number | undefined {
  let next: number | undefined;
  for (let at = 0; at < bytes.length; at += batchHeader.sizeBytes(bytes, at)) {
    if (batchHeader.recordCount(bytes, at) > 0) return undefined;
    next = batchHeader.lastOffset(bytes, at) + 1;
  }
  return next;
}

/** The batches that end before an offset. */
function beforeOffset(bytes: Buffer, offset: number): Buffer {
  let size = 0;
  while (size < bytes.length && batchHeader.lastOffset(bytes, size) < offset) size += batchHeader.sizeBytes(bytes, size);
  return bytes.subarray(0, size);
}

function encodeSnapshot(offset: number, captured: Uint8Array): Buffer {
  const head = Buffer.alloc(snapshotHeadBytes);
  head.writeDoubleBE(offset, 4);
  head.writeUInt32BE(crc32(captured, crc32(head.subarray(4))));
  return Buffer.concat([head, captured]);
}

/** Undefined if it is damaged: all that it says can be had from the log again. */
function decodeSnapshot(bytes: Buffer): { offset: number; captured: Buffer } | undefined {
  if (bytes.length < snapshotHeadBytes || bytes.readUInt32BE(0) !== crc32(bytes.subarray(4))) return undefined;
  return { offset: bytes.readDoubleBE(4), captured: bytes.subarray(snapshotHeadBytes) };
}
