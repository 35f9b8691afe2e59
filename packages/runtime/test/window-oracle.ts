import type { Value } from '@millrace/data';

/** A row of the stream `s`; null stands for a record that cannot be decoded. */
export interface Row {
  readonly k: string;
  readonly v: number;
  readonly t: number;
}

/** A log by partitions, each a list of record batches. */
export type Log = readonly (readonly (readonly (Row | null)[])[])[];

export interface Windows {
  readonly slideMs: number;
  readonly sizeMs: number;
  readonly delayMs: number;
}

/** What a windowed count and sum must give, computed straight from the definition: a function of the log alone. */
export class Expected {
  late = 0;
  undecodable = 0;
  rows = 0;
  /** `end/key` → count and sum. */
  readonly groups = new Map<string, { readonly end: number; readonly key: string; count: number; sum: number }>();
  /** The watermark of the query when everything is read. */
  readonly watermarkMs: number;

  /** @param told by partition and batch: the event time that its writer says it has come to, if it does */
  constructor(log: Log, { slideMs, sizeMs, delayMs }: Windows, told: readonly (readonly (number | undefined)[])[] = []) {
    const watermarks = log.map((batches, partition) => {
      let max = Number.NEGATIVE_INFINITY;
      for (const [i, batch] of batches.entries()) {
        const before = max - delayMs;
        for (const row of batch) {
          this.rows++;
          if (row === null) this.undecodable++;
          else this.#add(row, before, slideMs, sizeMs);
        }
        const toldMs = told[partition]?.[i] ?? Number.NEGATIVE_INFINITY;
        max = Math.max(max, toldMs, ...batch.map((row) => row?.t ?? Number.NEGATIVE_INFINITY));
      }
      return max - delayMs;
    });
    this.watermarkMs = Math.min(...watermarks);
  }

  /** `[window_end, key, count, sum]` of the windows that end at or before `limitMs`, by end and key. */
  result(limitMs = Number.POSITIVE_INFINITY): Value[][] {
    const closed = [...this.groups.values()].filter(({ end }) => end <= limitMs);
    return closed
      .sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1))
      .map(({ end, key, count, sum }) => [end, key, BigInt(count), BigInt(sum)]);
  }

  #add({ k, v, t }: Row, closedMs: number, slideMs: number, sizeMs: number): void {
    let counted = false;
    for (let start = Math.floor(t / slideMs) * slideMs; start + sizeMs > t; start -= slideMs) {
      const end = start + sizeMs;
      if (end <= closedMs) continue;
      counted = true;
      const id = `${end}/${k}`;
      const group = this.groups.get(id) ?? { end, key: k, count: 0, sum: 0 };
      this.groups.set(id, group);
      group.count++;
      group.sum += v;
    }
    if (!counted) this.late++;
  }
}
