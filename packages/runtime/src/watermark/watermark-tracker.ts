/** What is known of one source partition. Times in ms: event time, or the clock's monotonic time where it says so. */
interface Partition {
  /** The largest event time seen. */
  maxMs: number;
  isIdle: boolean;
  /** All that its log held when it was last read has been taken. */
  isAtEnd: boolean;
  /** Monotonic time of its last record, or of when it was added. */
  lastRecordMs: number;
}

/** What of a partition must survive a restart, so that its rows are judged as if there had been none. */
export interface SavedPartition {
  readonly maxMs: number;
  readonly isIdle: boolean;
}

/** What of a partition's event time can be shown. */
export interface PartitionTime {
  readonly eventTimeMs: number | null;
  readonly watermarkMs: number | null;
  readonly isIdle: boolean;
}

/**
 * Follows event time through the partitions of a source.
 *
 * The watermark of a partition is the largest event time seen in it minus the delay; that of the source the smallest among the
 * partitions that are not idle. It never goes back, and stands while all are idle. A partition is idle when it is read to its end
 * and has had no record for the idle time-out; with a time-out of 0 never.
 */
export class WatermarkTracker {
  readonly #delayMs: number;
  readonly #idleTimeoutMs: number;
  readonly #partitions = new Map<number, Partition>();
  readonly #restored = new Map<number, SavedPartition>();
  /** Partitions of which what is to be saved has changed; emptied by who saves it. */
  readonly changed = new Set<number>();
  /** The watermark of the source. */
  currentMs = Number.NEGATIVE_INFINITY;

  constructor({ delayMs, idleTimeoutMs }: { readonly delayMs: number; readonly idleTimeoutMs: number }) {
    this.#delayMs = delayMs;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /** Takes up a partition; one without records is idle until its first. What was restored of it counts instead; idle times begin anew. */
  add(partition: number, { isEmpty, isAtEnd }: { readonly isEmpty: boolean; readonly isAtEnd: boolean }, nowMs: number): void {
    const fresh = { maxMs: Number.NEGATIVE_INFINITY, isIdle: isEmpty && this.#idleTimeoutMs > 0 };
    const restored = this.#restored.get(partition);
    this.#partitions.set(partition, { ...(restored ?? fresh), isAtEnd, lastRecordMs: nowMs });
    if (restored === undefined) this.changed.add(partition);
  }

  /** What is to be saved of a partition. */
  saved(partition: number): SavedPartition {
    const { maxMs, isIdle } = this.#partitions.get(partition)!;
    return { maxMs, isIdle };
  }

  /** Goes on where an earlier tracker stood. To be called before partitions are added. */
  restore(currentMs: number, partitions: ReadonlyMap<number, SavedPartition>): void {
    this.currentMs = currentMs;
    for (const [partition, saved] of partitions) this.#restored.set(partition, saved);
  }

  /** One more than the highest partition that was restored; 0 if none was. */
  get restoredBound(): number {
    return Math.max(-1, ...this.#restored.keys()) + 1;
  }

  /** The watermark of one partition. */
  watermarkOf(partition: number): number {
    return this.#partitions.get(partition)!.maxMs - this.#delayMs;
  }

  /** The largest event time of one partition; −Infinity before the first. */
  maxOf(partition: number): number {
    return this.#partitions.get(partition)!.maxMs;
  }

  /**
   * A record batch of the partition was taken whose largest event time is `maxMs` (−Infinity if it has none that counts).
   * @returns true if the watermark of the source rose.
   */
  observe(partition: number, maxMs: number, nowMs: number): boolean {
    const known = this.#partitions.get(partition)!;
    known.lastRecordMs = nowMs;
    const wasIdle = known.isIdle;
    if (maxMs !== Number.NEGATIVE_INFINITY) known.isIdle = false;
    if (maxMs > known.maxMs || known.isIdle !== wasIdle) this.changed.add(partition);
    if (maxMs > known.maxMs) known.maxMs = maxMs;
    return this.#rise();
  }

  /** Another has followed the partition, and says how it stands. @returns true if the watermark of the source rose. */
  set(partition: number, { maxMs, isIdle }: SavedPartition): boolean {
    const known = this.#partitions.get(partition)!;
    if (maxMs > known.maxMs || known.isIdle !== isIdle) this.changed.add(partition);
    known.maxMs = Math.max(known.maxMs, maxMs);
    known.isIdle = isIdle;
    return this.#rise();
  }

  /** Says whether a partition is read to its end. */
  setAtEnd(partition: number, isAtEnd: boolean): void {
    this.#partitions.get(partition)!.isAtEnd = isAtEnd;
  }

  /** Begins the idle time of all partitions anew: the brokers could not be asked for records. */
  restartIdleTimes(nowMs: number): void {
    for (const partition of this.#partitions.values()) partition.lastRecordMs = nowMs;
  }

  /** Lets the idle time of all partitions stand still for a while that has passed: nobody was there to read. */
  extendIdleTimes(ms: number): void {
    for (const partition of this.#partitions.values()) partition.lastRecordMs += ms;
  }

  /** When the next partition falls idle if nothing comes (monotonic); Infinity if none does. */
  get nextIdleMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const partition of this.#partitions.values()) next = Math.min(next, this.#idleAt(partition));
    return next;
  }

  /**
   * Lets partitions fall idle, in the order of their deadlines; of those with the same one, the furthest ahead is the last.
   * @returns the watermarks that the source rose to, one after another.
   */
  tick(nowMs: number): number[] {
    const due = [...this.#partitions].filter(([, partition]) => this.#idleAt(partition) <= nowMs);
    due.sort(([, a], [, b]) => this.#idleAt(a) - this.#idleAt(b) || a.maxMs - b.maxMs);
    const reached: number[] = [];
    for (const [number, partition] of due) {
      partition.isIdle = true;
      this.changed.add(number);
      if (this.#rise()) reached.push(this.currentMs);
    }
    return reached;
  }

  describe(partition: number): PartitionTime {
    const known = this.#partitions.get(partition);
    if (known === undefined || known.maxMs === Number.NEGATIVE_INFINITY)
      return { eventTimeMs: null, watermarkMs: null, isIdle: known?.isIdle ?? false };
    return { eventTimeMs: known.maxMs, watermarkMs: known.maxMs - this.#delayMs, isIdle: known.isIdle };
  }

  #idleAt({ isIdle, isAtEnd, lastRecordMs }: Partition): number {
    return isIdle || !isAtEnd || this.#idleTimeoutMs === 0 ? Number.POSITIVE_INFINITY : lastRecordMs + this.#idleTimeoutMs;
  }

  #rise(): boolean {
    let min = Number.POSITIVE_INFINITY;
    for (const { isIdle, maxMs } of this.#partitions.values()) if (!isIdle && maxMs < min) min = maxMs;
    if (min === Number.POSITIVE_INFINITY || min - this.#delayMs <= this.currentMs) return false;
    this.currentMs = min - this.#delayMs;
    return true;
  }
}
