import type { Disk } from '@millrace/core';
import { isWhole, readStored } from '../log/stored-json.ts';

const blockSize = 1000;

/** Hands out producer ids, each once in the life of the data directory: blocks are written down before they are used. */
export class ProducerIds {
  readonly #disk: Disk;
  readonly #path: string;
  #next: number;
  #reservedUpTo: number;

  /** @throws {MillraceError} BROKER_DATA_DIRECTORY_INVALID, DISK_IO */
  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#path = `${directory}/producer-ids.json`;
    const isLegal = (stored: { reservedUpTo: number }) => isWhole(stored.reservedUpTo);
    this.#next = disk.exists(this.#path) ? readStored(disk, this.#path, isLegal).reservedUpTo : 0;
    this.#reservedUpTo = this.#next;
  }

  /** @throws {MillraceError} DISK_FULL, DISK_IO */
  allocate(): number {
    if (this.#next === this.#reservedUpTo) {
      this.#disk.replaceFile(this.#path, Buffer.from(JSON.stringify({ reservedUpTo: this.#reservedUpTo + blockSize })));
      this.#reservedUpTo += blockSize;
    }
    return this.#next++;
  }
}
