import type { Disk } from '@millrace/core';
import { isWhole, readStored } from './stored-json.ts';

/** From which offset on the leader of an epoch appended. */
interface LeaderEpoch {
  readonly epoch: number;
  readonly startOffset: number;
}

/** Where the records of an epoch end; −1 for both if nothing is known of it. */
export interface EpochEnd {
  readonly epoch: number;
  readonly endOffset: number;
}

interface Stored {
  readonly leader: number;
  readonly epochs: readonly LeaderEpoch[];
}

const fileName = 'leader.json';
const unknown: EpochEnd = { epoch: -1, endOffset: -1 };

/**
 * Who leads a partition, and where each epoch of a leader began. A partition that never had another leader is in epoch 0 and has no file.
 * @see Kafka's `LeaderEpochFileCache`; KIP-101, KIP-320
 */
export class LeaderEpochs {
  readonly #disk: Disk;
  readonly #path: string;
  #leader: number | undefined;
  #epochs: readonly LeaderEpoch[] = [{ epoch: 0, startOffset: 0 }];

  /**
   * @param endOffset of the log: an epoch that began behind it (a loss of power cut the log) begins there now.
   * @throws {MillraceError} BROKER_DATA_DIRECTORY_INVALID, DISK_IO
   */
  constructor(disk: Disk, directory: string, endOffset: number) {
    this.#disk = disk;
    this.#path = `${directory}/${fileName}`;
    if (!disk.exists(this.#path)) return;
    const stored = readStored(disk, this.#path, isLegal);
    this.#leader = stored.leader;
    this.#epochs = stored.epochs.map(({ epoch, startOffset }) => ({ epoch, startOffset: Math.min(startOffset, endOffset) }));
  }

  get current(): number {
    return this.#epochs.at(-1)!.epoch;
  }

  /** The node that was made the leader last, −1 for none; undefined if nobody ever was. */
  get leader(): number | undefined {
    return this.#leader;
  }

  /** Begins the next epoch. @param leader −1 for none. @throws {MillraceError} DISK_FULL, DISK_IO; then nothing has changed. */
  begin(leader: number, startOffset: number): void {
    const epochs = [...this.#epochs, { epoch: this.current + 1, startOffset }];
    this.#disk.replaceFile(this.#path, Buffer.from(JSON.stringify({ leader, epochs })));
    this.#leader = leader;
    this.#epochs = epochs;
  }

  /** The epoch in which an offset was written. */
  at(offset: number): number {
    return this.#epochs.findLast(({ startOffset }) => startOffset <= offset)?.epoch ?? this.#epochs[0]!.epoch;
  }

  /** Where an epoch ends, or the last one before it that is known. */
  endOf(epoch: number, logEndOffset: number): EpochEnd {
    if (epoch === this.current) return { epoch, endOffset: logEndOffset };
    const next = this.#epochs.find((later) => later.epoch > epoch);
    if (next === undefined || epoch < 0) return unknown;
    const known = this.#epochs.findLast((earlier) => earlier.epoch <= epoch);
    return { epoch: known?.epoch ?? epoch, endOffset: next.startOffset };
  }
}

function isLegal({ leader, epochs }: Stored): boolean {
  return Number.isInteger(leader) && epochs.length > 0 && epochs.every(({ epoch, startOffset }) => isWhole(epoch) && isWhole(startOffset));
}
