import { asMillraceError, type Clock, type Logger, MillraceError } from '@millrace/core';
import type { Chunk, Column } from '@millrace/data';
import { decodeHeaders, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { ScanNode } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { RowFailure } from '../expression/row-failure.ts';
import type { Output } from '../operators/operator.ts';
import { sliceChunk, takeRows } from '../operators/take-rows.ts';
import type { PartMarks } from '../watermark/part-marks.ts';
import { type Segment, splitBatches } from '../watermark/split-batches.ts';
import type { WatermarkTracker } from '../watermark/watermark-tracker.ts';
import type { Feed } from './feed.ts';
import { recordAt } from './record-at.ts';
import { type DecodedRows, RecordRows } from './record-rows.ts';
import { UndecodableRecords } from './samples.ts';
import type { ScanRecovery } from './scan-recovery.ts';
import type { SourceContext } from './source-ports.ts';
import { partsOf, watermarkOf } from './watermark-header.ts';

/** Record batches are put together up to about so many rows. */
const chunkRows = 4096;
const msPerDay = 86_400_000;

/**
 * Collects record batches of one partition after another, decodes them, and hands them on as chunks, with watermarks among them.
 *
 * A record that cannot be decoded, or has no event time, is counted, sampled and passed over. Consecutive batches of a partition
 * share a chunk where that cannot change an answer ({@link splitBatches}).
 */
export class RecordFeed implements Feed {
  readonly #node: ScanNode;
  readonly #out: Output;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tracker: WatermarkTracker | null;
  readonly #marks: PartMarks | null;
  readonly #rows: RecordRows;
  readonly #time: Projection | null;
  readonly #recovery: ScanRecovery | null;
  readonly #spans = new RecordSpans();
  #batchEnds: number[] = [];
  readonly undecodable = new UndecodableRecords();
  /** Records taken from the log. */
  recordsIn = 0;
  /** Rows handed to the operators. */
  rowsOut = 0;

  /**
   * @param tracker is told of the event times, where the scan has a watermark
   * @param recovery is given the records that cannot be processed
   * @param marks takes what tasks tell that write the topic together: then no row tells of event time
   */
  constructor(
    node: ScanNode,
    { formats, kernels, clock, logger }: SourceContext,
    out: Output,
    tracker: WatermarkTracker | null,
    recovery: ScanRecovery | null = null,
    marks: PartMarks | null = null,
  ) {
    this.#node = node;
    this.#recovery = recovery;
    this.#out = out;
    this.#clock = clock;
    this.#logger = logger;
    this.#tracker = tracker;
    this.#marks = marks;
    this.#rows = new RecordRows(node, formats.createRecordDecoder, kernels.timezone);
    this.#time = node.watermark && compileProjection([node.watermark.time], kernels);
  }

  /** True if what is collected should be flushed before more is added. */
  get isFull(): boolean {
    return this.#spans.count > 0 && (this.#node.batchPerChunk || this.#spans.count >= chunkRows);
  }

  /** Collects one batch. False if it does not go with those before: flush, and add it again. */
  add(bytes: Buffer, start: number, end: number, fromOffset: number): boolean {
    if (!decodeRecords(bytes, start, end, this.#spans, { fromOffset })) return false;
    this.#batchEnds.push(this.#spans.count);
    return true;
  }

  /**
   * Decodes what was collected of a partition and hands it on. @param endOffset records from here on are left out.
   * @returns the offset behind the last record, or undefined if there was none.
   * @throws what the operators throw; of a failing row, with its partition and offset.
   */
  flush(partition: number, endOffset: number): number | undefined {
    const spans = this.#spans;
    while (spans.count > 0 && spans.offsets[spans.count - 1]! >= endOffset) spans.count--;
    const nextOffset = spans.count === 0 ? undefined : spans.offsets[spans.count - 1]! + 1;
    if (nextOffset !== undefined) {
      this.recordsIn += spans.count;
      this.#decode(partition);
      if (this.#node.readsWatermarks && this.#tracker !== null) this.#follow(partition, this.#tracker);
    }
    spans.clear();
    this.#batchEnds = [];
    return nextOffset;
  }

  /** What the view that writes the topic says of its event time, at the end of a transaction. */
  #follow(partition: number, tracker: WatermarkTracker): void {
    const spans = this.#spans;
    for (const end of this.#marks === null ? this.#batchEnds.toReversed() : this.#batchEnds) {
      if (end === 0 || end > spans.count || spans.headerCounts[end - 1] === 0) continue;
      const headers = decodeHeaders(spans, end - 1);
      const timeMs = watermarkOf(headers);
      if (timeMs === undefined) continue;
      if (this.#marks !== null) {
        this.#followParts(partition, tracker, this.#marks.tell(partition, partsOf(headers), timeMs));
        continue;
      }
      // It stands behind the rows before it as one more row would, of the earliest time that can still come.
      if (tracker.observe(partition, timeMs, this.#clock.monotonic())) this.#out.mark({ kind: 'watermark', timeMs: tracker.currentMs });
      return;
    }
  }

  #followParts(partition: number, tracker: WatermarkTracker, timeMs: number): void {
    if (tracker.observe(partition, timeMs, this.#clock.monotonic())) this.#out.mark({ kind: 'watermark', timeMs: tracker.currentMs });
  }

  #decode(partition: number): void {
    const decoded = this.#rows.decode(this.#spans, partition, (record, reason) => this.#undecodable(partition, record, reason));
    const failed = this.#recovery?.failedBefore(this.#node.topic, partition);
    const { chunk, records } = failed === undefined ? decoded : this.#withoutFailed(partition, decoded, failed);
    this.#atRecords(partition, records, () => {
      if (this.#time === null || this.#tracker === null) this.#pushAll(chunk, records);
      else this.#pushTimed(partition, chunk, records, this.#time, this.#tracker);
    });
  }

  /** Leaves out the rows on which an operator has failed before: they count as undecodable. */
  #withoutFailed(partition: number, { chunk, records }: DecodedRows, failed: ReadonlyMap<number, string>): DecodedRows {
    const rows = new Int32Array(chunk.rowCount);
    let count = 0;
    for (let row = 0; row < chunk.rowCount; row++) {
      const reason = failed.get(this.#spans.offsets[records[row]!]!);
      if (reason === undefined) rows[count++] = row;
      else this.#undecodable(partition, records[row]!, reason);
    }
    if (count === chunk.rowCount) return { chunk, records };
    return { chunk: takeRows(chunk, rows, count), records: Int32Array.from({ length: count }, (_, i) => records[rows[i]!]!) };
  }

  #pushAll(chunk: Chunk, records: Int32Array): void {
    if (!this.#node.batchPerChunk) {
      this.#push(chunk, 0, chunk.rowCount);
      return;
    }
    let start = 0;
    for (const end of rowEnds(records, chunk.rowCount, this.#batchEnds)) {
      this.#push(chunk, start, end);
      start = end;
    }
  }

  #pushTimed(partition: number, decoded: Chunk, decodedRecords: Int32Array, time: Projection, tracker: WatermarkTracker): void {
    const { chunk, records, times } = this.#withTimes(partition, decoded, decodedRecords, time);
    const { delayMs, maxFutureSkewMs } = this.#node.watermark!;
    const ignoreAfterMs = this.#ignoreAfterMs(maxFutureSkewMs);
    const nowMs = this.#clock.monotonic();
    const ends = rowEnds(records, chunk.rowCount, this.#batchEnds);
    const segments = splitBatches(times, ends, tracker.maxOf(partition), delayMs, ignoreAfterMs, !this.#node.batchPerChunk);
    if (segments.length === 0) tracker.observe(partition, Number.NEGATIVE_INFINITY, nowMs);
    for (const segment of segments) {
      this.#push(chunk, segment.start, segment.end, segment.lateBeforeMs);
      this.#observe(partition, segment, times, records, tracker, nowMs);
    }
  }

  /** Event times beyond do not move the watermark. */
  #ignoreAfterMs(maxFutureSkewMs: number | null): number {
    if (this.#marks !== null) return Number.NEGATIVE_INFINITY;
    return maxFutureSkewMs === null ? Number.POSITIVE_INFINITY : this.#clock.now() + maxFutureSkewMs;
  }

  #observe(
    partition: number,
    { maxRow }: Segment,
    times: Float64Array,
    records: Int32Array,
    tracker: WatermarkTracker,
    nowMs: number,
  ): void {
    const beforeMs = tracker.maxOf(partition);
    const maxMs = maxRow < 0 ? Number.NEGATIVE_INFINITY : times[maxRow]!;
    if (beforeMs !== Number.NEGATIVE_INFINITY && maxMs - beforeMs > msPerDay) {
      const offset = this.#spans.offsets[records[maxRow]!]!;
      this.#logger.warn(
        { topic: this.#node.topic, partition, offset, fromMs: beforeMs, toMs: maxMs },
        'one record moves the watermark by more than a day',
      );
    }
    // A row that counts but raises nothing makes an idle partition active all the same.
    if (tracker.observe(partition, maxRow < 0 ? beforeMs : maxMs, nowMs)) this.#out.mark({ kind: 'watermark', timeMs: tracker.currentMs });
  }

  /** Leaves out the rows without event time: they count as undecodable. */
  #withTimes(partition: number, chunk: Chunk, records: Int32Array, project: Projection) {
    const time = project(chunk)[0] as Extract<Column, { kind: 'number' }>;
    if (time.nulls === null || time.nulls.indexOf(1) < 0) return { chunk, records, times: time.values };
    const rows = new Int32Array(chunk.rowCount);
    let count = 0;
    for (let row = 0; row < chunk.rowCount; row++) {
      if (time.nulls[row] === 1) this.#undecodable(partition, records[row]!, 'the record has no event time');
      else rows[count++] = row;
    }
    const timed = takeRows({ ...chunk, columns: [...chunk.columns, time] }, rows, count);
    const times = (timed.columns.at(-1) as Extract<Column, { kind: 'number' }>).values;
    const kept = Int32Array.from({ length: count }, (_, i) => records[rows[i]!]!);
    kept.forEach((record, i) => {
      records[i] = record;
    });
    return { chunk: { ...timed, columns: timed.columns.slice(0, -1) }, records, times };
  }

  #push(chunk: Chunk, start: number, end: number, lateBeforeMs?: number): void {
    if (end === start) return;
    this.rowsOut += end - start;
    const part = sliceChunk(chunk, start, end);
    try {
      this.#out.chunk(lateBeforeMs === undefined ? part : { ...part, lateBeforeMs });
    } catch (error) {
      throw error instanceof RowFailure ? new RowFailure(start + error.row, error.cause) : error;
    }
  }

  /** Says of a failure of a row from which record it comes. */
  #atRecords(partition: number, records: Int32Array, run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof RowFailure)) throw error;
      const cause = asMillraceError(error.cause);
      const offset = this.#spans.offsets[records[error.row]!]!;
      throw new MillraceError(cause.code, `${cause.message} (${this.#node.topic}, partition ${partition}, offset ${offset})`, {
        cause,
        hint: cause.hint,
        details: { ...cause.details, topic: this.#node.topic, partition, offset },
      });
    }
  }

  /** True for what a task writes where it has no row to tell with how far it has come. */
  #isMark(record: number): boolean {
    const spans = this.#spans;
    return spans.valueStarts[record]! < 0 && spans.headerCounts[record] !== 0 && watermarkOf(decodeHeaders(spans, record)) !== undefined;
  }

  #undecodable(partition: number, record: number, reason: string): void {
    const { topic } = this.#node;
    if (this.#node.watermarkParts !== undefined && this.#isMark(record)) {
      this.recordsIn--;
      return;
    }
    this.undecodable.add(topic, partition, this.#spans.offsets[record]!, reason);
    this.#recovery?.refuse({ ...recordAt(this.#spans, record), topic, partition, reason });
  }
}

/** Ends of batches among records → ends among the rows that came of them (rows are in the order of their records). */
function rowEnds(records: Int32Array, rowCount: number, batchEnds: readonly number[]): readonly number[] {
  // Every record has a row.
  if (batchEnds.at(-1) === rowCount) return batchEnds;
  let row = 0;
  return batchEnds.map((end) => {
    while (row < rowCount && records[row]! < end) row++;
    return row;
  });
}
