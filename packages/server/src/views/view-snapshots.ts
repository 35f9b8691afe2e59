import { join } from 'node:path';
import { type Disk, systemDisk } from '@millrace/core';

const extension = '.snapshot';

/** Where this server keeps the snapshots of its views: a file for each, by the id of the view. */
export class ViewSnapshots {
  readonly #directory: string;
  readonly #disk: Disk;

  /** Makes the directory if need be. @throws {MillraceError} DISK_FULL, DISK_IO */
  constructor(directory: string, disk: Disk = systemDisk) {
    this.#directory = directory;
    this.#disk = disk;
    disk.makeDirectory(directory);
  }

  pathOf(id: string): string {
    return join(this.#directory, `${id}${extension}`);
  }

  /** Removes the snapshot of a view that was dropped. @throws {MillraceError} DISK_IO */
  remove(id: string): void {
    this.#disk.remove(this.pathOf(id));
  }

  /** Removes those of other views than these, and what was left half written: of views that were dropped while this server was away. */
  keepOnly(ids: Iterable<string>): void {
    const kept = new Set([...ids].map((id) => `${id}${extension}`));
    for (const name of this.#disk.list(this.#directory)) if (!kept.has(name)) this.#disk.remove(join(this.#directory, name));
  }
}
