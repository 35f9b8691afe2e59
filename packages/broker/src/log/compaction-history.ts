import type { Disk } from '@millrace/core';
import { isWhole, readStored } from './stored-json.ts';

/** One pass of compaction over a log. */
interface Pass {
  /** Everything before was compacted. */
  readonly offset: number;
  /** Wall clock in ms. */
  readonly atMs: number;
}

const fileName = 'compaction.json';

/**
 * Up to where a log was compacted, and when: what tells how long a tombstone has stood in the compacted part.
 * If the file is lost, the log is compacted once more, and tombstones stay longer.
 */
export class CompactionHistory {
  readonly #disk: Disk;
  readonly #path: string;
  #passes: readonly Pass[];

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#path = `${directory}/${fileName}`;
    this.#passes = this.#load();
  }

  /** Before this everything is compacted. */
  get cleanedUpTo(): number {
    return this.#passes.at(-1)?.offset ?? 0;
  }

  /** Tombstones before this have stood for at least so long since they were compacted first. */
  tombstonesEnd(retentionMs: number, nowMs: number): number {
    return this.#passes.findLast(({ atMs }) => atMs <= nowMs - retentionMs)?.offset ?? 0;
  }

  /** Notes a pass that has ended. @throws {MillraceError} DISK_FULL, DISK_IO */
  add(offset: number, retentionMs: number, nowMs: number): void {
    const firstNeeded = this.#passes.findLastIndex(({ atMs }) => atMs <= nowMs - retentionMs);
    const passes = [...this.#passes.slice(Math.max(0, firstNeeded)), { offset, atMs: nowMs }];
    this.#disk.replaceFile(this.#path, Buffer.from(JSON.stringify(passes)));
    this.#passes = passes;
  }

  #load(): readonly Pass[] {
    if (!this.#disk.exists(this.#path)) return [];
    try {
      return readStored(this.#disk, this.#path, isLegal);
    } catch {
      return [];
    }
  }
}

function isLegal(passes: readonly Pass[]): boolean {
  return passes.every(({ offset, atMs }) => isWhole(offset) && Number.isFinite(atMs));
}
