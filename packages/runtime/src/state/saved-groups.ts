import { assert } from '@millrace/core';
import {
  type BinaryReader,
  type BinaryWriter,
  type Column,
  type DataType,
  damaged,
  type GroupTable,
  readColumn,
  writeColumn,
} from '@millrace/data';
import type { GroupStateReader, GroupStateWriter } from '@millrace/functions';
import type { PutEntry } from './operator-state.ts';
import type { RestoredBlocks } from './restored-blocks.ts';
import type { StateEntries } from './state-entries.ts';

/**
 * So many consecutive groups make a segment (2^5): the fewer, the less is written for a single group that changed; the more,
 * the fewer entries when all change.
 */
const segmentShift = 5;
const segmentSize = 1 << segmentShift;

/** Something that is known of each group: an accumulator, a lane. */
export interface GroupPart {
  /** Makes room for groups up to `count` − 1. */
  resize(count: number): void;
  save(from: number, to: number, states: GroupStateWriter): void;
  load(from: number, to: number, states: GroupStateReader): void;
}

/** Groups and what is known of them. Nothing of them is released, so they are numbered in the order in which they came. */
export interface GroupSet {
  readonly table: GroupTable;
  readonly keyTypes: readonly DataType[];
  /** What never changes once a group is there. */
  readonly fixedParts: readonly GroupPart[];
  readonly parts: readonly GroupPart[];
}

/** What must be taken away of a bucket that is no longer there. */
export interface Remains {
  readonly id: number;
  readonly segmentCount: number;
  readonly hasStates: boolean;
  /** Part, group and number of pieces. */
  readonly pieces: readonly (readonly [part: number, group: number, count: number])[];
}

/**
 * The groups of one bucket, as they are saved: their keys, which are written once, and their states, in segments that are written whole when
 * one of their groups changed.
 */
export class SavedGroups {
  readonly id: number;
  readonly #groups: GroupSet;
  readonly #writeHeader: (out: BinaryWriter) => void;
  #dirty = new Uint8Array(16);
  #hasDirty = false;
  #isHeaderDirty = true;
  /** Groups whose keys are saved. */
  #savedCount = 0;
  #isSaved = false;
  /** How many pieces there are, by `group * parts + part`. */
  readonly #pieces = new Map<number, number>();

  /** @param writeHeader writes what is known of the bucket itself; see {@link headerChanged} */
  constructor(id: number, groups: GroupSet, writeHeader: (out: BinaryWriter) => void) {
    this.id = id;
    this.#groups = groups;
    this.#writeHeader = writeHeader;
  }

  get isDirty(): boolean {
    return this.#hasDirty || this.#isHeaderDirty || this.#groups.table.indexBound !== this.#savedCount;
  }

  get sizeBytes(): number {
    return this.#dirty.length + this.#pieces.size * 48;
  }

  /** These groups changed or are new. */
  touch(groups: Int32Array, count: number): void {
    this.#makeRoom();
    const dirty = this.#dirty;
    for (let i = 0; i < count; i++) dirty[groups[i]! >> segmentShift] = 1;
    if (count > 0) this.#hasDirty = true;
  }

  /** What the header says has changed. */
  headerChanged(): void {
    this.#isHeaderDirty = true;
  }

  save(entries: StateEntries, out: BinaryWriter, put: PutEntry): void {
    const count = this.#groups.table.indexBound;
    if (this.#isHeaderDirty || count !== this.#savedCount) this.#saveHeader(entries, out, put, count);
    if (count > this.#savedCount) this.#saveKeys(entries, out, put, count);
    if (this.#hasDirty) this.#saveStates(entries, out, put, count);
    this.#isSaved = true;
  }

  /** What is saved of it; null if nothing is. */
  get remains(): Remains | null {
    if (!this.#isSaved) return null;
    const { parts } = this.#groups;
    const pieces = [...this.#pieces].map(([key, count]) => [key % parts.length, Math.floor(key / parts.length), count] as const);
    return { id: this.id, segmentCount: segmentsOf(this.#savedCount), hasStates: parts.length > 0, pieces };
  }

  /** Takes the groups that were saved. @param count how many they are. @throws {MillraceError} STATE_INVALID */
  restore(count: number, blocks: RestoredBlocks): void {
    const { parts, fixedParts } = this.#groups;
    for (const part of [...parts, ...fixedParts]) part.resize(count);
    const segments = segmentsOf(count);
    this.#groups.table.reserve(count);
    for (let segment = 0; segment < segments; segment++) {
      const from = segment << segmentShift;
      this.#restoreKeys(blocks.take('keys', [this.id, segment]), from, Math.min(count, from + segmentSize));
    }
    for (let segment = 0; segment < segments && parts.length > 0; segment++) {
      const from = segment << segmentShift;
      this.#restoreStates(blocks.take('states', [this.id, segment]), from, Math.min(count, from + segmentSize), blocks);
    }
    this.#savedCount = count;
    this.#isSaved = true;
    this.#isHeaderDirty = false;
  }

  #saveHeader(entries: StateEntries, out: BinaryWriter, put: PutEntry, count: number): void {
    out.rewind();
    out.count(count);
    this.#writeHeader(out);
    entries.write(put, 'bucket', [this.id], out.written());
    this.#isHeaderDirty = false;
  }

  #saveKeys(entries: StateEntries, out: BinaryWriter, put: PutEntry, count: number): void {
    const start = this.#savedCount & -segmentSize;
    this.#makeRoom();
    const columns = this.#keyColumns(start, count);
    for (let from = start; from < count; from += segmentSize) {
      const to = Math.min(count, from + segmentSize);
      out.rewind();
      for (const [i, type] of this.#groups.keyTypes.entries()) writeColumn(out, columns[i]!, type, from - start, to - start);
      for (const part of this.#groups.fixedParts) part.save(from, to, withoutPieces(out));
      entries.write(put, 'keys', [this.id, from >> segmentShift], out.written());
      this.#dirty[from >> segmentShift] = 1;
    }
    this.#savedCount = count;
    this.#hasDirty = true;
  }

  #keyColumns(from: number, to: number): Column[] {
    const groups = Int32Array.from({ length: to - from }, (_, i) => from + i);
    return this.#groups.keyTypes.map((_, i) => this.#groups.table.keyColumn(i, groups));
  }

  #saveStates(entries: StateEntries, out: BinaryWriter, put: PutEntry, count: number): void {
    const { parts } = this.#groups;
    const segments = segmentsOf(count);
    for (const part of parts) part.resize(count);
    const writers = parts.map((_, part) => this.#pieceWriter(entries, out, put, part));
    for (let segment = 0; segment < segments; segment++) {
      if (this.#dirty[segment] === 0) continue;
      this.#dirty[segment] = 0;
      if (parts.length === 0) continue;
      const from = segment << segmentShift;
      out.rewind();
      for (const [i, part] of parts.entries()) part.save(from, Math.min(count, from + segmentSize), writers[i]!);
      entries.write(put, 'states', [this.id, segment], out.written());
    }
    this.#hasDirty = false;
  }

  #pieceWriter(entries: StateEntries, out: BinaryWriter, put: PutEntry, part: number): GroupStateWriter {
    const key = (group: number) => group * this.#groups.parts.length + part;
    return {
      out,
      cut: (group, piece, start) => {
        entries.write(put, 'piece', [this.id, part, group, piece], out.written(start));
        out.rewind(start);
        this.#pieces.set(key(group), Math.max(piece + 1, this.#pieces.get(key(group)) ?? 0));
      },
      drop: (group, piece) => {
        entries.drop(put, 'piece', [this.id, part, group, piece]);
        this.#pieces.set(key(group), Math.min(piece, this.#pieces.get(key(group))!));
      },
    };
  }

  #restoreKeys(bytes: BinaryReader, from: number, to: number): void {
    const { keyTypes, table, fixedParts } = this.#groups;
    const columns = keyTypes.map((type) => readColumn(bytes, type, to - from));
    for (const part of fixedParts) part.load(from, to, { in: bytes, piece: noPieces });
    bytes.end();
    const groups = new Int32Array(to - from);
    table.intern(columns, to - from, groups);
    for (let i = 0; i < groups.length; i++)
      if (groups[i] !== from + i) throw damaged(`group ${from + i} has the keys of group ${groups[i]}`);
  }

  #restoreStates(bytes: BinaryReader, from: number, to: number, blocks: RestoredBlocks): void {
    for (const [i, part] of this.#groups.parts.entries()) {
      const piece = (group: number, number: number) => {
        const key = group * this.#groups.parts.length + i;
        this.#pieces.set(key, Math.max(number + 1, this.#pieces.get(key) ?? 0));
        return blocks.take('piece', [this.id, i, group, number]);
      };
      part.load(from, to, { in: bytes, piece });
    }
    bytes.end();
  }

  #makeRoom(): void {
    const segments = segmentsOf(this.#groups.table.indexBound);
    if (segments <= this.#dirty.length) return;
    const dirty = new Uint8Array(segments * 2);
    dirty.set(this.#dirty);
    this.#dirty = dirty;
  }
}

/** Takes away what is saved of a bucket. */
export function dropRemains({ id, segmentCount, hasStates, pieces }: Remains, entries: StateEntries, put: PutEntry): void {
  entries.drop(put, 'bucket', [id]);
  for (let segment = 0; segment < segmentCount; segment++) {
    entries.drop(put, 'keys', [id, segment]);
    if (hasStates) entries.drop(put, 'states', [id, segment]);
  }
  for (const [part, group, count] of pieces)
    for (let piece = 0; piece < count; piece++) entries.drop(put, 'piece', [id, part, group, piece]);
}

function segmentsOf(groupCount: number): number {
  return (groupCount + segmentSize - 1) >> segmentShift;
}

function withoutPieces(out: BinaryWriter): GroupStateWriter {
  const refuse = () => assert(false, 'what never changes has no pieces');
  return { out, cut: refuse, drop: refuse };
}

function noPieces(): never {
  assert(false, 'what never changes has no pieces');
}
