import { BinaryReader, BinaryWriter, damaged } from '@millrace/data';
import type { PartMarks } from '../watermark/part-marks.ts';
import type { SavedPartition, WatermarkTracker } from '../watermark/watermark-tracker.ts';
import type { OperatorState, PutEntry, StateEntry } from './operator-state.ts';
import { asStateInvalid } from './saved-state.ts';
import { StateEntries } from './state-entries.ts';

const name = 'watermarks';

/** What a source knows of event time: an entry for each partition, so that they can be taken over one by one, and the watermark of the source. */
export class SavedWatermarks implements OperatorState {
  readonly schema: string;
  readonly #tracker: WatermarkTracker;
  readonly #marks: PartMarks | null;
  readonly #entries: StateEntries;
  readonly #out = new BinaryWriter();
  /** Those of which there is an entry. */
  readonly #partitions = new Set<number>();
  readonly #markedPartitions = new Set<number>();
  #savedMs = Number.NEGATIVE_INFINITY;
  #isSaved = false;

  /** @param marks what tasks have told that write the source, where it has several */
  constructor(tracker: WatermarkTracker, marks: PartMarks | null = null) {
    this.#tracker = tracker;
    this.#marks = marks;
    this.schema = marks === null ? 'watermarks, format 2' : `watermarks, format 2, of ${marks.partCount} parts`;
    this.#entries = new StateEntries(name, this.schema);
  }

  get isDirty(): boolean {
    return this.#tracker.changed.size > 0 || this.#tracker.currentMs !== this.#savedMs || (this.#marks?.changed.size ?? 0) > 0;
  }

  takeChanges(put: PutEntry): void {
    if (!this.isDirty) return;
    const before = this.#partitions.size + this.#markedPartitions.size;
    for (const partition of this.#tracker.changed) this.#savePartition(partition, put);
    this.#tracker.changed.clear();
    if (this.#marks !== null) this.#saveMarks(this.#marks, put);
    if (this.#isSaved && this.#tracker.currentMs === this.#savedMs && this.#partitions.size + this.#markedPartitions.size === before)
      return;
    this.#out.rewind();
    this.#out.float64(this.#tracker.currentMs);
    this.#out.count(this.#partitions.size);
    if (this.#marks !== null) this.#out.count(this.#markedPartitions.size);
    this.#entries.write(put, 'scalars', [], this.#out.written());
    this.#savedMs = this.#tracker.currentMs;
    this.#isSaved = true;
  }

  /** Before the tracker gets its partitions. @throws {MillraceError} STATE_INVALID */
  restore(entries: Iterable<StateEntry>): void {
    try {
      this.#restore(entries);
    } catch (error) {
      throw asStateInvalid(error, name, this.schema);
    }
  }

  #restore(entries: Iterable<StateEntry>): void {
    const blocks = this.#entries.read(entries);
    if (blocks === null) return;
    const partitions = new Map<number, SavedPartition>();
    let currentMs: number | undefined;
    let [count, markedCount] = [0, 0];
    for (const { kind, numbers, payload } of blocks) {
      const bytes = new BinaryReader(payload);
      if (kind === 'partition') partitions.set(numbers[0]!, { maxMs: bytes.float64(), isIdle: bytes.uint8() !== 0 });
      else if (kind === 'marks' && this.#marks !== null) this.#restoreMarks(this.#marks, numbers[0]!, bytes);
      else if (kind === 'scalars')
        [currentMs, count, markedCount] = [bytes.float64(), bytes.count(), this.#marks === null ? 0 : bytes.count()];
      else throw damaged(`an entry of the kind ${kind}`);
      bytes.end();
    }
    if (currentMs === undefined) throw damaged('the watermark of the source is missing');
    if (partitions.size !== count) throw damaged(`${partitions.size} partitions of ${count}`);
    if (this.#markedPartitions.size !== markedCount)
      throw damaged(`the parts of ${this.#markedPartitions.size} partitions of ${markedCount}`);
    for (const partition of partitions.keys()) this.#partitions.add(partition);
    this.#tracker.restore(currentMs, partitions);
    this.#savedMs = currentMs;
    this.#isSaved = true;
  }

  #saveMarks(marks: PartMarks, put: PutEntry): void {
    for (const partition of marks.changed) {
      this.#markedPartitions.add(partition);
      this.#out.rewind();
      this.#out.floats(marks.of(partition), 0, marks.partCount);
      this.#entries.write(put, 'marks', [partition], this.#out.written());
    }
    marks.changed.clear();
  }

  #restoreMarks(marks: PartMarks, partition: number, bytes: BinaryReader): void {
    bytes.floats(marks.of(partition), 0, marks.partCount);
    this.#markedPartitions.add(partition);
  }

  #savePartition(partition: number, put: PutEntry): void {
    this.#partitions.add(partition);
    const { maxMs, isIdle } = this.#tracker.saved(partition);
    this.#out.rewind();
    this.#out.float64(maxMs);
    this.#out.uint8(Number(isIdle));
    this.#entries.write(put, 'partition', [partition], this.#out.written());
  }
}
