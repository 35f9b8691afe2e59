import type { PartitionOffset, RecordAppender } from '@millrace/kafka-client';
import type { OperatorState } from '../state/operator-state.ts';
import type { TaskPart } from '../task/task.ts';
import { type ChangelogContents, changelogKey, type EntryOwner, inventoryEntry, ownerName, positionEntry } from './changelog.ts';
import type { LanePlace } from './shared-changelog.ts';

const keyOf = ({ topic, partition }: PartitionOffset) => `${partition}@${topic}`;

/** What a part of a view has in the changelog, and what of it has changed. */
export class PartLog {
  readonly part: TaskPart;
  readonly #topic: string;
  readonly #place: LanePlace;
  readonly #append: (bytes: number, ...record: Parameters<RecordAppender['append']>) => void;
  readonly #committed = new Map<string, PartitionOffset>();
  /** Who has entries in the changelog. */
  readonly #owners: Set<string>;
  /** What the changelog says that there is. */
  #inventory = '';
  #nowMs = 0;

  /** @param restored where it stood when it began @param append makes a record part of the transaction at hand */
  constructor(
    part: TaskPart,
    topic: string,
    place: LanePlace,
    restored: ChangelogContents,
    append: (bytes: number, ...record: Parameters<RecordAppender['append']>) => void,
  ) {
    this.part = part;
    this.#topic = topic;
    this.#place = place;
    this.#append = append;
    this.#owners = restored.owners();
    for (const position of restored.positions()) this.#committed.set(keyOf(position), position);
  }

  /** Up to where each source partition is done. */
  get committed(): Iterable<PartitionOffset> {
    return this.#committed.values();
  }

  get isDirty(): boolean {
    const { stages, scanStates } = this.part;
    return stages.some(({ operator }) => operator.state?.isDirty === true) || scanStates.some((state) => state?.isDirty === true);
  }

  /** Of these, where it stands elsewhere than when it committed last. */
  moved(positions: readonly PartitionOffset[]): PartitionOffset[] {
    return positions.filter((position) => this.#committed.get(keyOf(position))?.offset !== position.offset);
  }

  /** Writes what has changed. @returns what it calls when that is committed */
  write(moved: readonly PartitionOffset[], nowMs: number): () => void {
    this.#nowMs = nowMs;
    const { stages, scanStates } = this.part;
    for (const [index, { operator }] of stages.entries()) this.#writeState(operator.state, { kind: 'operator', index });
    for (const [index, state] of scanStates.entries()) this.#writeState(state, { kind: 'scan', index });
    for (const position of moved) {
      const { key, value } = positionEntry(position);
      this.#put(key, value);
    }
    const inventory = this.#writeInventory(moved);
    return () => {
      this.#inventory = inventory;
      for (const position of moved) this.#committed.set(keyOf(position), position);
    };
  }

  #writeState(state: OperatorState | null, owner: EntryOwner): void {
    if (!state?.isDirty) return;
    this.#owners.add(ownerName(owner));
    state.takeChanges((key, value) => this.#put(changelogKey(owner, key), value));
  }

  /** Only where it has changed. @returns what it is now */
  #writeInventory(moved: readonly PartitionOffset[]): string {
    const positions = this.#committed.size + moved.filter((position) => !this.#committed.has(keyOf(position))).length;
    const { key, value } = inventoryEntry({ owners: this.#owners, positions });
    const inventory = value.toString();
    if (inventory !== this.#inventory) this.#put(key, value);
    return inventory;
  }

  #put(key: Uint8Array, value: Uint8Array | null): void {
    const { partition, prefix } = this.#place;
    const whole = prefix.length === 0 ? key : Buffer.concat([prefix, key]);
    this.#append(whole.length + (value?.length ?? 0), this.#topic, partition, this.#nowMs, whole, value);
  }
}
