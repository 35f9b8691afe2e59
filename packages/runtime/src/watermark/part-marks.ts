/**
 * How far each part of the groups of a view has come in event time, as its tasks tell in each partition of what they write: a partition has
 * come as far as the last of the parts.
 */
export class PartMarks {
  readonly partCount: number;
  readonly #marks = new Map<number, Float64Array>();
  /** Partitions of which what is to be saved has changed; emptied by who saves it. */
  readonly changed = new Set<number>();

  constructor(partCount: number) {
    this.partCount = partCount;
  }

  /** @returns how far the partition has come; −Infinity while a part of it was not heard of */
  tell(partition: number, parts: readonly number[], watermarkMs: number): number {
    const marks = this.of(partition);
    for (const part of parts) {
      if (part >= this.partCount || watermarkMs <= marks[part]!) continue;
      marks[part] = watermarkMs;
      this.changed.add(partition);
    }
    return Math.min(...marks);
  }

  /** ms by part. */
  of(partition: number): Float64Array {
    let marks = this.#marks.get(partition);
    if (marks === undefined) this.#marks.set(partition, (marks = new Float64Array(this.partCount).fill(Number.NEGATIVE_INFINITY)));
    return marks;
  }
}
