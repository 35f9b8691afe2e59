/** A transaction that was aborted: whose records between its offsets are not for those who read what is committed. */
export interface AbortedTransaction {
  readonly producerId: number;
  /** Its first record. */
  readonly firstOffset: number;
  /** Its marker. */
  readonly lastOffset: number;
  /** Up to here no transaction was open once it had ended: whatever ended later began at or behind this. */
  readonly stableOffset: number;
}

/** The aborted transactions of one partition, in order of their markers. */
export class AbortedTransactions {
  #entries: AbortedTransaction[] = [];

  get entries(): readonly AbortedTransaction[] {
    return this.#entries;
  }

  /** @param entry whose marker is behind all others'; one that is known already (a log replayed) changes nothing. */
  add(entry: AbortedTransaction): void {
    if (entry.lastOffset > (this.#entries.at(-1)?.lastOffset ?? -1)) this.#entries.push(entry);
  }

  /** Those that have something in [from, to), in order of their first offsets. */
  overlapping(from: number, to: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = [];
    for (let at = this.#firstEndingAt(from); at < this.#entries.length; at++) {
      const entry = this.#entries[at]!;
      if (entry.firstOffset < to) found.push(entry);
      if (entry.stableOffset >= to) break;
    }
    return found.sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Drops those that end before an offset. */
  forgetBefore(offset: number): void {
    this.#entries.splice(0, this.#firstEndingAt(offset));
  }

  restore(entries: readonly AbortedTransaction[]): void {
    this.#entries = [...entries];
  }

  #firstEndingAt(offset: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
