import type { WindowShape } from '../window/window-shape.ts';
import type { Bucket } from './bucket.ts';

/** Makes the bucket of the windows whose ends lie between `firstEndMs` and `lastEndMs`. */
export type CreateBucket = (startMs: number, firstEndMs: number, lastEndMs: number) => Bucket;

/** Gives rows to the buckets of the windows that are still open to them. */
export interface Assigner {
  /** The open buckets, in no order. */
  readonly buckets: Iterable<Bucket>;
  /** How many rows of the last chunk were late, and the first of them (-1 if there is none). */
  readonly lateCount: number;
  readonly firstLate: number;
  /**
   * Notes each row in its buckets. A row is late if all its windows end at or before `closedMs`; a row of which only some do
   * counts in the others.
   * @returns the buckets that got rows.
   */
  assign(times: Float64Array, rowCount: number, closedMs: number): Bucket[];
  /** The windows that hold an instant, latest first, as (start, end): to say of a late row where it belonged. */
  latestEnd(timeMs: number): number;
  /** Forgets a bucket. */
  drop(bucket: Bucket): void;
  /** Takes up a bucket that was saved, when windows that end at or before `closedMs` were closed; in the order in which they were made. */
  restore(bucket: Bucket, closedMs: number): void;
}

/** One bucket for each window: a row of overlapping windows goes to each. */
export class WindowAssigner implements Assigner {
  readonly #shape: WindowShape;
  readonly #overlaps: boolean;
  readonly #createBucket: CreateBucket;
  readonly #buckets = new Map<number, Bucket>();
  #touched: Bucket[] = [];
  lateCount = 0;
  firstLate = -1;

  constructor(shape: WindowShape, overlaps: boolean, createBucket: CreateBucket) {
    this.#shape = shape;
    this.#overlaps = overlaps;
    this.#createBucket = createBucket;
  }

  get buckets(): Iterable<Bucket> {
    return this.#buckets.values();
  }

  assign(times: Float64Array, rowCount: number, closedMs: number): Bucket[] {
    this.#touched = [];
    this.lateCount = 0;
    this.firstLate = -1;
    if (this.#overlaps) this.#assignToAll(times, rowCount, closedMs);
    else this.#assignToOne(times, rowCount, closedMs);
    return this.#touched;
  }

  #assignToOne(times: Float64Array, rowCount: number, closedMs: number): void {
    const shape = this.#shape;
    let lastStart = Number.NaN;
    let bucket: Bucket | null = null;
    for (let row = 0; row < rowCount; row++) {
      const start = shape.lastStart(times[row]!);
      if (start !== lastStart) {
        lastStart = start;
        const end = shape.end(start);
        bucket = end <= closedMs ? null : this.#bucket(start, end);
      }
      if (bucket === null) this.#late(row);
      else this.#note(bucket, row);
    }
  }

  #assignToAll(times: Float64Array, rowCount: number, closedMs: number): void {
    const shape = this.#shape;
    for (let row = 0; row < rowCount; row++) {
      const time = times[row]!;
      let start = shape.lastStart(time);
      let end = shape.end(start);
      if (end <= closedMs) this.#late(row);
      for (; end > time && end > closedMs; start = shape.previousStart(start), end = shape.end(start))
        this.#note(this.#bucket(start, end), row);
    }
  }

  latestEnd(timeMs: number): number {
    return this.#shape.end(this.#shape.lastStart(timeMs));
  }

  drop(bucket: Bucket): void {
    this.#buckets.delete(bucket.startMs);
  }

  restore(bucket: Bucket): void {
    this.#buckets.set(bucket.startMs, bucket);
  }

  #late(row: number): void {
    if (this.lateCount++ === 0) this.firstLate = row;
  }

  #note(bucket: Bucket, row: number): void {
    if (bucket.count === 0) this.#touched.push(bucket);
    bucket.note(row);
  }

  #bucket(start: number, end: number): Bucket {
    let bucket = this.#buckets.get(start);
    if (bucket === undefined) this.#buckets.set(start, (bucket = this.#createBucket(start, end, end)));
    return bucket;
  }
}
