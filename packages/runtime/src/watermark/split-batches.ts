/** A run of record batches that make one chunk. Rows by their position among the decoded rows. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** The watermark of the partition before the first batch. */
  readonly lateBeforeMs: number;
  /** Row with the largest event time that counts; -1 if none does. */
  readonly maxRow: number;
}

/**
 * Puts the record batches of one partition together as far as that cannot change an answer.
 *
 * Lateness is judged by the partition's watermark before each batch, but a chunk carries only one. A batch may join those before
 * it if none of its rows is earlier than that watermark: then none of its rows belongs only to windows that end at or before it,
 * hence none would be late under it, nor is one under the older and smaller watermark that the chunk carries; and a row that was
 * late under neither counts in the same windows: those that end at or before the watermark hold no such row. It does not matter
 * either that windows which earlier batches close are closed after the whole chunk: the query's watermark is at most the
 * partition's own, so that no row of the batch belongs to them.
 * @param ends the row behind the last of each batch; batches without rows are left out by the caller or stand as empty.
 * @param ignoreAfterMs event times beyond do not move the watermark.
 */
export function splitBatches(
  times: Float64Array,
  ends: readonly number[],
  maxMs: number,
  delayMs: number,
  ignoreAfterMs: number,
  canJoin: boolean,
): Segment[] {
  const segments: Segment[] = [];
  let start = 0;
  let batchStart = 0;
  let lateBeforeMs = maxMs - delayMs;
  let maxRow = -1;
  let seenMs = maxMs;
  for (const end of ends) {
    const watermarkMs = seenMs - delayMs;
    const joins = canJoin && (watermarkMs === lateBeforeMs || minimum(times, batchStart, end) >= watermarkMs);
    if (batchStart > start && !joins) {
      segments.push({ start, end: batchStart, lateBeforeMs, maxRow });
      start = batchStart;
      maxRow = -1;
    }
    if (batchStart === start) lateBeforeMs = watermarkMs;
    for (let row = batchStart; row < end; row++) {
      const time = times[row]!;
      if (time > seenMs && time <= ignoreAfterMs) {
        seenMs = time;
        maxRow = row;
      }
    }
    batchStart = end;
  }
  if (batchStart > start) segments.push({ start, end: batchStart, lateBeforeMs, maxRow });
  return segments;
}

function minimum(times: Float64Array, start: number, end: number): number {
  let min = Number.POSITIVE_INFINITY;
  for (let row = start; row < end; row++) if (times[row]! < min) min = times[row]!;
  return min;
}
