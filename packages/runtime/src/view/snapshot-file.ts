import { crc32 } from 'node:zlib';
import { type Clock, type Disk, type DiskFile, delay, MillraceError } from '@millrace/core';
import type { ChangelogEntry } from './changelog.ts';

/** Raised when the layout of the file, or what an entry of a changelog means, changes. */
const format = 1;
const blockBytes = 256 * 1024;
/** Length and CRC-32 of what follows. */
const frameBytes = 8;
/** Length of key and value, ms since the epoch. */
const entryHeadBytes = 16;

/** What a snapshot is of. */
export interface SnapshotHeader {
  readonly topic: string;
  readonly topicId: string;
  /** All that was committed to the changelog before is in it. */
  readonly nextOffset: number;
  /** ms since the epoch. */
  readonly writtenMs: number;
  readonly entries: number;
}

/** Sees to it that the thread does other things too while a snapshot is read or written: between two blocks. */
export type Pause = () => Promise<void>;

export function pauseOf(clock: Clock, signal: AbortSignal): Pause {
  return () => delay(clock, 0, signal);
}

/**
 * Writes a snapshot; there is the one before, or the whole new one, at any time.
 *
 * A file is a row of blocks: length (4 bytes), CRC-32 (4 bytes) of the block that goes on from that of the block before, and the
 * block. The first is the header in JSON, the others hold entries.
 * @returns its bytes
 * @throws {MillraceError} DISK_FULL, DISK_IO; the reason of the pause. Then the one before is still there.
 */
export async function writeSnapshot(
  disk: Disk,
  path: string,
  header: SnapshotHeader,
  entries: Iterable<ChangelogEntry>,
  pause: Pause,
): Promise<number> {
  const next = `${path}.new`;
  try {
    const file = disk.open(next, 'create');
    let end: number;
    try {
      end = await writeBlocks(file, header, entries, pause);
      await file.sync();
    } finally {
      file.close();
    }
    disk.rename(next, path);
    return end;
  } catch (failure) {
    removeQuietly(disk, next);
    throw failure;
  }
}

/**
 * The entries of a snapshot, a block at a time. They are to be trusted only when the last has come.
 * @throws {MillraceError} STATE_INVALID if the file is damaged or of another format; DISK_IO
 */
export async function* readSnapshot(
  file: DiskFile,
  pause: Pause,
): AsyncGenerator<{ readonly header: SnapshotHeader; readonly entries: ChangelogEntry[] }> {
  const size = file.size();
  let [at, sum, found] = [0, 0, 0];
  let header: SnapshotHeader | undefined;
  while (at < size) {
    const block = readBlock(file, at, size, sum);
    sum = block.sum;
    at += frameBytes + block.payload.length;
    if (header === undefined) header = parseHeader(block.payload);
    const entries = block.isHeader ? [] : [...entriesOf(block.payload)];
    found += entries.length;
    yield { header, entries };
    await pause();
  }
  if (header === undefined) throw invalid('it is empty');
  if (found !== header.entries) throw invalid(`it holds ${found} entries instead of ${header.entries}`);
}

async function writeBlocks(file: DiskFile, header: SnapshotHeader, entries: Iterable<ChangelogEntry>, pause: Pause): Promise<number> {
  let [at, sum] = [0, 0];
  const write = (parts: readonly Uint8Array[]) => {
    sum = parts.reduce((before, part) => crc32(part, before), sum);
    const length = parts.reduce((before, part) => before + part.length, 0);
    const frame = Buffer.allocUnsafe(frameBytes);
    frame.writeUInt32LE(length, 0);
    frame.writeUInt32LE(sum, 4);
    file.write([frame, ...parts], at);
    at += frameBytes + length;
  };
  write([Buffer.from(JSON.stringify({ format, ...header }))]);
  let [parts, bytes]: [Uint8Array[], number] = [[], 0];
  for (const { key, value, writtenMs } of entries) {
    const head = Buffer.allocUnsafe(entryHeadBytes);
    head.writeUInt32LE(key.length, 0);
    head.writeUInt32LE(value.length, 4);
    head.writeDoubleLE(writtenMs, 8);
    parts.push(head, key, value);
    bytes += entryHeadBytes + key.length + value.length;
    if (bytes < blockBytes) continue;
    write([Buffer.concat(parts, bytes)]);
    [parts, bytes] = [[], 0];
    await pause();
  }
  if (bytes > 0) write([Buffer.concat(parts, bytes)]);
  return at;
}

function readBlock(file: DiskFile, at: number, size: number, before: number) {
  const frame = Buffer.alloc(frameBytes);
  if (file.read(frame, 0, frameBytes, at) < frameBytes) throw invalid('it ends in the middle of a block');
  const length = frame.readUInt32LE(0);
  if (length > size - at - frameBytes) throw invalid('it ends in the middle of a block');
  const payload = Buffer.allocUnsafeSlow(length);
  for (let read = 0; read < length; ) {
    const more = file.read(payload, read, length - read, at + frameBytes + read);
    if (more === 0) throw invalid('it ends in the middle of a block');
    read += more;
  }
  const sum = crc32(payload, before);
  if (sum !== frame.readUInt32LE(4)) throw invalid(`the block at byte ${at} fails its checksum`);
  return { payload, sum, isHeader: at === 0 };
}

function parseHeader(payload: Buffer): SnapshotHeader {
  const header = JSON.parse(payload.toString()) as SnapshotHeader & { readonly format: number };
  if (header.format !== format) throw invalid(`it has format ${header.format}, this version reads format ${format}`);
  return header;
}

/** They share the memory of the block. */
function* entriesOf(block: Buffer): Generator<ChangelogEntry> {
  for (let at = 0; at < block.length; ) {
    const keyEnd = at + entryHeadBytes + block.readUInt32LE(at);
    const end = keyEnd + block.readUInt32LE(at + 4);
    const writtenMs = block.readDoubleLE(at + 8);
    yield { key: block.subarray(at + entryHeadBytes, keyEnd), value: block.subarray(keyEnd, end), writtenMs };
    at = end;
  }
}

function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch {
    // The next one replaces it.
  }
}

function invalid(what: string): MillraceError {
  return new MillraceError('STATE_INVALID', what);
}
