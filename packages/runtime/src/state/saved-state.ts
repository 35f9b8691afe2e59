import { asMillraceError, MillraceError } from '@millrace/core';
import { type BinaryReader, BinaryWriter, damaged } from '@millrace/data';
import type { OperatorState, PutEntry, StateEntry } from './operator-state.ts';
import { RestoredBlocks } from './restored-blocks.ts';
import { dropRemains, type Remains, type SavedGroups } from './saved-groups.ts';
import { StateEntries } from './state-entries.ts';

/** What a state is saved of, and restored to. */
export interface StateOwner {
  readonly name: string;
  /** Writes what is not kept by group: little, and always whole. */
  writeScalars(out: BinaryWriter): void;
  readScalars(from: BinaryReader): void;
  /** The buckets there are. */
  savedBuckets(): Iterable<SavedGroups>;
  /** Makes the bucket that was saved with this header; called in the order of their ids, after {@link readScalars}. */
  restoreBucket(id: number, header: BinaryReader): SavedGroups;
  /** All is there. */
  restored(): void;
}

/** The state of an operator: its scalars, and its groups in buckets. */
export class SavedState implements OperatorState {
  readonly schema: string;
  readonly #owner: StateOwner;
  readonly #entries: StateEntries;
  readonly #out = new BinaryWriter();
  /** The scalars as they were saved, or as they were in the beginning. */
  #scalars: Buffer;
  #isSaved = false;
  #dropped: Remains[] = [];

  constructor(owner: StateOwner, schema: string) {
    this.schema = schema;
    this.#owner = owner;
    this.#entries = new StateEntries(owner.name, schema);
    this.#scalars = Buffer.from(this.#currentScalars());
  }

  get isDirty(): boolean {
    if (this.#dropped.length > 0) return true;
    for (const bucket of this.#owner.savedBuckets()) if (bucket.isDirty) return true;
    return !this.#currentScalars().equals(this.#scalars);
  }

  takeChanges(put: PutEntry): void {
    if (!this.isDirty) return;
    for (const remains of this.#dropped) dropRemains(remains, this.#entries, put);
    this.#dropped = [];
    for (const bucket of this.#owner.savedBuckets()) if (bucket.isDirty) bucket.save(this.#entries, this.#out, put);
    const scalars = this.#currentScalars();
    if (this.#isSaved && scalars.equals(this.#scalars)) return;
    this.#entries.write(put, 'scalars', [], scalars);
    this.#scalars = Buffer.from(scalars);
    this.#isSaved = true;
  }

  /** A bucket is no longer there. */
  drop(bucket: SavedGroups): void {
    const { remains } = bucket;
    if (remains !== null) this.#dropped.push(remains);
  }

  restore(entries: Iterable<StateEntry>): void {
    try {
      const blocks = this.#entries.read(entries);
      if (blocks !== null) this.#restore(new RestoredBlocks(blocks));
    } catch (error) {
      throw asStateInvalid(error, this.#owner.name, this.schema);
    }
  }

  #restore(blocks: RestoredBlocks): void {
    const scalars = blocks.take('scalars');
    const bucketCount = scalars.count();
    this.#owner.readScalars(scalars);
    scalars.end();
    const ids = blocks.list('bucket');
    if (ids.length !== bucketCount) throw damaged(`${ids.length} buckets of ${bucketCount}`);
    for (const id of ids) {
      const header = blocks.take('bucket', [id]);
      const groupCount = header.count();
      const bucket = this.#owner.restoreBucket(id, header);
      header.end();
      bucket.restore(groupCount, blocks);
    }
    blocks.end();
    this.#owner.restored();
    this.#scalars = Buffer.from(this.#currentScalars());
    this.#isSaved = true;
  }

  #currentScalars(): Buffer {
    let bucketCount = 0;
    for (const _ of this.#owner.savedBuckets()) bucketCount++;
    this.#out.rewind();
    this.#out.count(bucketCount);
    this.#owner.writeScalars(this.#out);
    return this.#out.written();
  }
}

/** What failed while a state was read, as an error that names the state. */
export function asStateInvalid(failure: unknown, operator: string, schema: string): MillraceError {
  const error = asMillraceError(failure);
  if (error.code === 'STATE_INVALID' && error.details['operator'] !== undefined) return error;
  return new MillraceError('STATE_INVALID', `the state of ${operator} cannot be read: ${error.message}`, {
    cause: error,
    details: { operator, expected: schema },
    hint: 'it is damaged; start the view anew, or from another copy of its state',
  });
}
