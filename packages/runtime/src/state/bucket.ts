import type { GroupStateReader, GroupStateWriter } from '@millrace/functions';
import type { AggregateInput } from './aggregate-program.ts';
import type { AggregateState } from './aggregate-state.ts';
import { ChangedGroups } from './changed-groups.ts';
import type { GroupPart, SavedGroups } from './saved-groups.ts';

/**
 * Rows that belong to the same windows, and their state: one window, or a pane that several windows share (those whose ends
 * lie between `firstEndMs` and `lastEndMs`). Dropping windows is dropping buckets.
 */
export class Bucket {
  readonly startMs: number;
  readonly firstEndMs: number;
  readonly lastEndMs: number;
  readonly state: AggregateState;
  /** The next end of a window that it belongs to and that was not closed. */
  nextEndMs: number;
  /** Groups in the order of their numbers → the arrival number of their first row. Kept for panes only. */
  firstArrivals: number[] | null = null;
  readonly changed = new ChangedGroups();
  /** What of it is saved; null where states are not kept. */
  saved: SavedGroups | null = null;
  /** Rows of the chunk at hand: `rows[0 … count)`. */
  rows = new Int32Array(16);
  count = 0;

  constructor(startMs: number, firstEndMs: number, lastEndMs: number, state: AggregateState) {
    this.startMs = startMs;
    this.firstEndMs = firstEndMs;
    this.nextEndMs = firstEndMs;
    this.lastEndMs = lastEndMs;
    this.state = state;
  }

  /** Notes a row of the chunk at hand. */
  note(row: number): void {
    if (this.count === this.rows.length) {
      const longer = new Int32Array(this.rows.length * 4);
      longer.set(this.rows);
      this.rows = longer;
    }
    this.rows[this.count++] = row;
  }

  /** Takes in rows. @returns their groups, as {@link AggregateState.add}. */
  add(input: AggregateInput, firstArrival: number): Int32Array {
    let known = this.state.groupCount;
    const groups = this.state.add(input);
    this.saved?.touch(groups, input.rowCount);
    const { firstArrivals } = this;
    if (firstArrivals === null) return groups;
    for (let i = 0; known < this.state.groupCount; i++) {
      if (groups[i] !== known) continue;
      firstArrivals.push(firstArrival + this.rows[i]!);
      known++;
    }
    return groups;
  }

  /** The groups that changed since they were last handed out; from now on none counts as such. */
  takeChanged(): Int32Array {
    this.saved?.touch(this.changed.groups, this.changed.count);
    return this.changed.take();
  }

  /** As {@link takeChanged}, where nobody asks which. */
  clearChanged(): void {
    this.saved?.touch(this.changed.groups, this.changed.count);
    this.changed.clear();
  }

  get sizeBytes(): number {
    const lists = this.rows.byteLength + this.changed.sizeBytes + 8 * (this.firstArrivals?.length ?? 0);
    return 200 + this.state.sizeBytes + lists + (this.saved?.sizeBytes ?? 0);
  }
}

/** The arrival numbers of the first rows, as they are saved. */
export function arrivalsPart(firstArrivals: number[]): GroupPart {
  return {
    resize: () => {},
    save: (from, to, { out }: GroupStateWriter) => {
      for (let group = from; group < to; group++) out.count(firstArrivals[group]!);
    },
    load: (from, to, states: GroupStateReader) => {
      for (let group = from; group < to; group++) firstArrivals[group] = states.in.count();
    },
  };
}
