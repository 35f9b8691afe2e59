import type { Clock } from '@millrace/core';
import type { PartitionOffset, TransactionalProducer } from '@millrace/kafka-client';
import type { RecordWriter } from '../sinks/stream-sink.ts';
import { deadLetter } from '../sources/dead-letter.ts';
import type { RefusedRecord } from '../sources/scan-recovery.ts';
import type { Checkpoint } from '../task/checkpoint.ts';
import type { Task } from '../task/task.ts';
import { type ChangelogContents, changelogKey, type EntryOwner, inventoryEntry, ownerName, positionEntry } from './changelog.ts';
import { HeldRecords } from './held-records.ts';
import type { ViewMember } from './view-kafka.ts';
import type { ViewRequest } from './view-request.ts';

const keyOf = ({ topic, partition }: PartitionOffset) => `${partition}@${topic}`;

/**
 * The transactions of a view: results, what changed of the states, dead letters and source offsets of the time between two commits
 * become visible together, or not at all. Begins one with the first thing that is to be written.
 */
export class ViewCheckpoint implements Checkpoint {
  readonly #request: ViewRequest;
  readonly #producer: TransactionalProducer;
  readonly #member: ViewMember;
  readonly #clock: Clock;
  readonly #committed = new Map<string, PartitionOffset>();
  /** Set if what the view gives tells of its watermark. */
  readonly #held: HeldRecords | null;
  /** Who has entries in the changelog. */
  readonly #owners: Set<string>;
  /** What the changelog says that there is. */
  #inventory = '';
  readonly #onCommit: (changelogBytes: number) => void;
  /** In the transaction at hand. */
  #changelogBytes = 0;
  #task: Task | undefined;
  #positionSum = -1;
  #rowsOut = 0;
  #refused = 0;
  #committedRefused = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param restored where the view stood when it began */
  constructor(
    request: ViewRequest,
    producer: TransactionalProducer,
    member: ViewMember,
    clock: Clock,
    restored: ChangelogContents,
    onCommit: (changelogBytes: number) => void,
  ) {
    this.#request = request;
    this.#producer = producer;
    this.#member = member;
    this.#clock = clock;
    this.#onCommit = onCommit;
    this.#held = request.plan.givesWatermarks ? new HeldRecords(producer) : null;
    this.#owners = restored.owners();
    for (const position of restored.positions()) this.#committed.set(keyOf(position), position);
  }

  /** Called once, before the task runs. */
  follow(task: Task): void {
    this.#task = task;
  }

  /** What the sink of the task writes with: part of the transaction, and durable with it. */
  get writer(): RecordWriter {
    const writer = this.#held ?? this.#producer;
    return {
      appendSpans: (...record) => {
        this.#begin();
        return writer.appendSpans(...record);
      },
      flush: async () => {},
      close: async () => {},
    };
  }

  /** Keeps a record that cannot be processed. */
  keep(record: RefusedRecord, topic: string): void {
    this.#begin();
    const { timestampMs, key, value, headers } = deadLetter(record, this.#request);
    this.#refused++;
    // How many there are is bounded by what is read between two commits.
    void this.#producer.append(topic, 0, timestampMs, key, value, headers);
  }

  /** How many records were kept, durably. */
  get deadLetters(): number {
    return this.#committedRefused;
  }

  /** Up to where each source partition is done. */
  get committed(): PartitionOffset[] {
    return [...this.#committed.values()];
  }

  get dueMs(): number {
    return this.#hasWork ? this.#lastMs + this.#request.commitIntervalMs : Number.POSITIVE_INFINITY;
  }

  async commit(): Promise<void> {
    if (!this.#hasWork) return;
    const task = this.#task!;
    const [positionSum, rowsOut, refused] = [sumOf(task), task.rowsOut, this.#refused];
    const moved = task.positions.filter((position) => this.#committed.get(keyOf(position))?.offset !== position.offset);
    this.#begin();
    this.#held?.release(task.watermarkMs);
    this.#appendStates(task);
    for (const position of moved) {
      const { key, value } = positionEntry(position);
      this.#append(key, value);
    }
    const inventory = this.#appendInventory(moved);
    await this.#producer.sendOffsets(this.#request.groupId, moved, this.#member);
    await this.#producer.commit();
    [this.#positionSum, this.#rowsOut, this.#committedRefused, this.#inventory] = [positionSum, rowsOut, refused, inventory];
    for (const position of moved) this.#committed.set(keyOf(position), position);
    this.#lastMs = this.#clock.monotonic();
    const changelogBytes = this.#changelogBytes;
    this.#changelogBytes = 0;
    this.#onCommit(changelogBytes);
  }

  get #hasWork(): boolean {
    const task = this.#task!;
    if (sumOf(task) !== this.#positionSum || task.rowsOut !== this.#rowsOut || this.#refused !== this.#committedRefused) return true;
    return task.stages.some(({ operator }) => operator.state?.isDirty === true) || task.scans.some(({ state }) => state?.isDirty === true);
  }

  #begin(): void {
    if (!this.#producer.inTransaction) this.#producer.begin();
  }

  #appendStates({ stages, scans }: Task): void {
    for (const [index, { operator }] of stages.entries()) this.#appendState(operator.state, { kind: 'operator', index });
    for (const [index, { state }] of scans.entries()) this.#appendState(state, { kind: 'scan', index });
  }

  #appendState(state: Task['scans'][number]['state'], owner: EntryOwner): void {
    if (!state?.isDirty) return;
    this.#owners.add(ownerName(owner));
    state.takeChanges((key, value) => this.#append(changelogKey(owner, key), value));
  }

  /** Only where it has changed. @returns what it is now */
  #appendInventory(moved: readonly PartitionOffset[]): string {
    const positions = this.#committed.size + moved.filter((position) => !this.#committed.has(keyOf(position))).length;
    const { key, value } = inventoryEntry({ owners: this.#owners, positions });
    const inventory = value.toString();
    if (inventory !== this.#inventory) this.#append(key, value);
    return inventory;
  }

  #append(key: Uint8Array, value: Uint8Array | null): void {
    this.#changelogBytes += key.length + (value?.length ?? 0);
    // The bound on what waits counts for rows, which come without end; a state is bounded by itself.
    void this.#producer.append(this.#request.changelogTopic, 0, this.#clock.now(), key, value);
  }
}

function sumOf({ scans }: Task): number {
  let sum = 0;
  for (const scan of scans) sum += scan.positionSum;
  return sum;
}
