import type { Clock } from '@millrace/core';
import type { PartitionOffset, TransactionalProducer } from '@millrace/kafka-client';
import type { RecordWriter } from '../sinks/stream-sink.ts';
import { deadLetter } from '../sources/dead-letter.ts';
import type { RefusedRecord } from '../sources/scan-recovery.ts';
import type { Checkpoint } from '../task/checkpoint.ts';
import type { Task } from '../task/task.ts';
import type { ChangelogContents } from './changelog.ts';
import { HeldRecords, type PartsTold } from './held-records.ts';
import { PartLog } from './part-log.ts';
import type { LanePlace } from './shared-changelog.ts';
import type { ViewMember } from './view-kafka.ts';
import type { ViewRequest } from './view-request.ts';

/**
 * The transactions of a view: results, what changed of the states, dead letters and source offsets of the time between two commits
 * become visible together, or not at all. Begins one with the first thing that is to be written.
 */
export class ViewCheckpoint implements Checkpoint {
  readonly #request: ViewRequest;
  readonly #producer: TransactionalProducer;
  readonly #member: ViewMember;
  readonly #clock: Clock;
  /** Set if what the view gives tells of its watermark. */
  readonly #held: HeldRecords | null;
  readonly #onCommit: (changelogBytes: number) => void;
  /** In the transaction at hand. */
  #changelogBytes = 0;
  #task: Task | undefined;
  #parts: readonly PartLog[] = [];
  /** Called before a transaction ends: what else is to be in it. */
  #beforeCommit: () => void = () => {};
  #positionSum = -1;
  #rowsOut = 0;
  #refused = 0;
  #committedRefused = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param told of a task that gives watermarks beside others: for what it speaks */
  constructor(
    request: ViewRequest,
    producer: TransactionalProducer,
    member: ViewMember,
    clock: Clock,
    told: PartsTold | null,
    onCommit: (changelogBytes: number) => void,
  ) {
    this.#request = request;
    this.#producer = producer;
    this.#member = member;
    this.#clock = clock;
    this.#onCommit = onCommit;
    this.#held = request.plan.givesWatermarks ? new HeldRecords(producer, told) : null;
  }

  /**
   * Called once, before the task runs.
   * @param restored of each of its parts: where its state lies, and where it stood when it began
   */
  follow(
    task: Task,
    restored: readonly { readonly place: LanePlace; readonly contents: ChangelogContents }[],
    beforeCommit: () => void,
  ): void {
    this.#task = task;
    this.#beforeCommit = beforeCommit;
    const { changelogTopic } = this.#request;
    this.#parts = task.parts.map((part, index) => {
      const { place, contents } = restored[index]!;
      return new PartLog(part, changelogTopic, place, contents, (bytes, ...record) => {
        this.#changelogBytes += bytes;
        // The bound on what waits counts for rows, which come without end; a state is bounded by itself.
        void this.#producer.append(...record);
      });
    });
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
    return this.#parts.flatMap(({ committed }) => [...committed]);
  }

  get dueMs(): number {
    return this.#hasWork ? this.#lastMs + this.#request.commitIntervalMs : Number.POSITIVE_INFINITY;
  }

  async commit(): Promise<void> {
    if (!this.#hasWork) return;
    const task = this.#task!;
    const [positionSum, rowsOut, refused] = [sumOf(task), task.rowsOut, this.#refused];
    this.#begin();
    this.#beforeCommit();
    this.#held?.release(task.watermarkMs);
    const { offsets, onCommitted } = this.#writeParts(task.positions);
    await this.#producer.sendOffsets(this.#request.groupId, offsets, this.#member);
    await this.#producer.commit();
    [this.#positionSum, this.#rowsOut, this.#committedRefused] = [positionSum, rowsOut, refused];
    for (const tell of onCommitted) tell();
    this.#lastMs = this.#clock.monotonic();
    const changelogBytes = this.#changelogBytes;
    this.#changelogBytes = 0;
    this.#onCommit(changelogBytes);
  }

  /**
   * @returns the offsets that go with it. Of a part that others may come to own they always do: a group refuses them from who is not
   * of it any more (KIP-447), and gives the part to nobody while it does not know what becomes of them.
   */
  #writeParts(positions: readonly PartitionOffset[]) {
    const onCommitted: (() => void)[] = [];
    const offsets: PartitionOffset[] = [];
    const nowMs = this.#clock.now();
    for (const log of this.#parts) {
      const { lane } = log.part;
      const own = lane === null ? positions : positions.filter((of) => of.topic === lane.topic && of.partition === lane.partition);
      const moved = log.moved(own);
      if (lane === null) offsets.push(...moved);
      else if (moved.length > 0 || log.isDirty) offsets.push(...own);
      else continue;
      onCommitted.push(log.write(moved, nowMs));
    }
    return { offsets: offsets.length > 0 || this.#request.tasks === null ? offsets : [...positions], onCommitted };
  }

  get #hasWork(): boolean {
    const task = this.#task!;
    if (sumOf(task) !== this.#positionSum || task.rowsOut !== this.#rowsOut || this.#refused !== this.#committedRefused) return true;
    return this.#parts.some(({ isDirty }) => isDirty);
  }

  #begin(): void {
    if (!this.#producer.inTransaction) this.#producer.begin();
  }
}

function sumOf({ scans }: Task): number {
  let sum = 0;
  for (const scan of scans) sum += scan.positionSum;
  return sum;
}
