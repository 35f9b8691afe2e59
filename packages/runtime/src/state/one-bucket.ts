import { type BinaryReader, type BinaryWriter, damaged } from '@millrace/data';
import { type GroupSet, SavedGroups } from './saved-groups.ts';
import { SavedState, type StateOwner } from './saved-state.ts';

/** What an operator keeps beside its groups: see {@link StateOwner}. */
export type Scalars = Pick<StateOwner, 'writeScalars' | 'readScalars' | 'restored'>;

const noScalars: Scalars = { writeScalars: () => {}, readScalars: () => {}, restored: () => {} };

/** The state of an operator that has one set of groups for as long as it lives, or none. */
export class OneBucket implements StateOwner {
  readonly name: string;
  readonly state: SavedState;
  readonly #groups: GroupSet | null;
  readonly #saved: SavedGroups[];
  readonly #scalars: Scalars;

  constructor(name: string, schema: string, groups: GroupSet | null, scalars: Scalars = noScalars) {
    this.name = name;
    this.#groups = groups;
    this.#saved = groups === null ? [] : [new SavedGroups(0, groups, () => {})];
    this.#scalars = scalars;
    this.state = new SavedState(this, schema);
  }

  get sizeBytes(): number {
    return this.#saved.reduce((sum, saved) => sum + saved.sizeBytes, 0);
  }

  /** See {@link SavedGroups.touch}. */
  touch(groups: Int32Array, count: number): void {
    this.#saved[0]!.touch(groups, count);
  }

  savedBuckets(): readonly SavedGroups[] {
    return this.#groups === null || this.#groups.table.indexBound === 0 ? [] : this.#saved;
  }

  restoreBucket(id: number): SavedGroups {
    if (id !== 0 || this.#saved.length === 0) throw damaged(`a bucket ${id}`);
    return this.#saved[0]!;
  }

  writeScalars(out: BinaryWriter): void {
    this.#scalars.writeScalars(out);
  }

  readScalars(from: BinaryReader): void {
    this.#scalars.readScalars(from);
  }

  restored(): void {
    this.#scalars.restored();
  }
}
