import type { PaneLayout } from '../window/pane-layout.ts';
import type { Bucket } from './bucket.ts';
import type { Assigner, CreateBucket } from './window-assigner.ts';

/**
 * One bucket for each pane: a row goes to one, however many windows overlap.
 *
 * A row that comes when some of its windows are closed to it must count in the others only, although those may not have been
 * handed out yet: it goes to a bucket of the same pane that begins to count with the first window that is open to the row.
 * @see Li et al., No Pane, No Gain, SIGMOD Record 2005
 */
export class PaneAssigner implements Assigner {
  readonly #layout: PaneLayout;
  readonly #createBucket: CreateBucket;
  readonly #panes = new Map<number, Bucket[]>();
  #touched: Bucket[] = [];
  lateCount = 0;
  firstLate = -1;

  constructor(layout: PaneLayout, createBucket: CreateBucket) {
    this.#layout = layout;
    this.#createBucket = createBucket;
  }

  get buckets(): Iterable<Bucket> {
    return [...this.#panes.values()].flat();
  }

  assign(times: Float64Array, rowCount: number, closedMs: number): Bucket[] {
    const { paneMs } = this.#layout;
    this.#touched = [];
    this.lateCount = 0;
    this.firstLate = -1;
    let lastStart = Number.NaN;
    let bucket: Bucket | null = null;
    for (let row = 0; row < rowCount; row++) {
      const start = Math.floor(times[row]! / paneMs) * paneMs;
      if (start !== lastStart) {
        lastStart = start;
        bucket = this.#bucket(start, closedMs);
      }
      if (bucket === null) {
        if (this.lateCount++ === 0) this.firstLate = row;
        continue;
      }
      if (bucket.count === 0) this.#touched.push(bucket);
      bucket.note(row);
    }
    return this.#touched;
  }

  latestEnd(timeMs: number): number {
    const { slideMs, sizeMs } = this.#layout;
    return Math.floor(timeMs / slideMs) * slideMs + sizeMs;
  }

  drop(bucket: Bucket): void {
    const buckets = this.#panes.get(bucket.startMs)!.filter((other) => other !== bucket);
    if (buckets.length === 0) this.#panes.delete(bucket.startMs);
    else this.#panes.set(bucket.startMs, buckets);
  }

  restore(bucket: Bucket, closedMs: number): void {
    bucket.nextEndMs = this.#openEnd(bucket.firstEndMs, bucket.lastEndMs, closedMs);
    this.#add(bucket);
  }

  /** The bucket of a pane for rows to which windows that end at or before `closedMs` are closed; null if all are. */
  #bucket(startMs: number, closedMs: number): Bucket | null {
    const { slideMs, sizeMs } = this.#layout;
    const lastEndMs = this.latestEnd(startMs);
    if (lastEndMs <= closedMs) return null;
    const earliestEndMs = (Math.floor((startMs - sizeMs) / slideMs) + 1) * slideMs + sizeMs;
    const firstEndMs = this.#openEnd(earliestEndMs, lastEndMs, closedMs);
    let bucket = this.#panes.get(startMs)?.find(({ nextEndMs }) => nextEndMs === firstEndMs);
    if (bucket === undefined) this.#add((bucket = this.#createBucket(startMs, firstEndMs, lastEndMs)));
    return bucket;
  }

  /** The first end from `firstEndMs` on that is not closed. */
  #openEnd(firstEndMs: number, lastEndMs: number, closedMs: number): number {
    const { slideMs } = this.#layout;
    return firstEndMs > closedMs ? firstEndMs : lastEndMs - (Math.ceil((lastEndMs - closedMs) / slideMs) - 1) * slideMs;
  }

  #add(bucket: Bucket): void {
    const buckets = this.#panes.get(bucket.startMs);
    if (buckets === undefined) this.#panes.set(bucket.startMs, [bucket]);
    else buckets.push(bucket);
  }
}
