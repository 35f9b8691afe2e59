import { asMillraceError, MillraceError } from '@millrace/core';
import type { Chunk, Column } from '@millrace/data';
import type { FetchedPartition, RecordReader } from '@millrace/kafka-client';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { ScanNode } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { RowFailure } from '../expression/row-failure.ts';
import type { Output } from '../operators/operator.ts';
import { sliceChunk, takeRows } from '../operators/take-rows.ts';
import { type Segment, splitBatches } from '../watermark/split-batches.ts';
import { WatermarkTracker } from '../watermark/watermark-tracker.ts';
import { Arrivals } from './arrivals.ts';
import { Drift } from './drift.ts';
import { RecordRows } from './record-rows.ts';
import { UndecodableRecords } from './samples.ts';
import { type PartitionProgress, ScanPartition } from './scan-partition.ts';
import type { Pace, SourceContext } from './source-ports.ts';
import { startPositions } from './start-positions.ts';
import { TopicWatch } from './topic-watch.ts';

/** Record batches are put together up to about so many rows. */
const chunkRows = 4096;
const msPerDay = 86_400_000;
/** So long a scan lets partitions wait that run ahead, when nothing comes of the others. */
const heldTooLongMs = 1000;

/**
 * Reads a topic: record batches become chunks, and event time and the end of the history become marks among them.
 *
 * Order: the records of a partition in the order of their offsets. A record that cannot be decoded, or has no event time, is
 * counted, sampled and passed over. Consecutive batches of a partition share a chunk where that cannot change an answer
 * ({@link splitBatches}).
 */
export class Scan {
  readonly #node: ScanNode;
  readonly #context: SourceContext;
  readonly #out: Output;
  readonly #reader: RecordReader;
  readonly #arrivals: Arrivals;
  readonly #drift: Drift;
  readonly #rows: RecordRows;
  readonly #time: Projection | null;
  readonly #tracker: WatermarkTracker | null;
  readonly #spans = new RecordSpans();
  readonly #partitions: ScanPartition[] = [];
  readonly undecodable = new UndecodableRecords();
  #batchEnds: number[] = [];
  #watch: TopicWatch | undefined;
  #partitionCount = 0;
  #gone: MillraceError | undefined;
  #isLive = false;
  #isClosed = false;
  /** Records taken from the log. */
  recordsIn = 0;
  /** Rows handed to the operators. */
  rowsOut = 0;
  bytesIn = 0;

  constructor(node: ScanNode, context: SourceContext, out: Output) {
    this.#node = node;
    this.#context = context;
    this.#out = out;
    this.#reader = context.kafka.openReader();
    this.#arrivals = new Arrivals(this.#reader, context.clock);
    this.#drift = new Drift(this.#reader, node.topic);
    this.#rows = new RecordRows(node, context.formats.createRecordDecoder, context.kernels.timezone);
    this.#time = node.watermark && compileProjection([node.watermark.time], context.kernels);
    this.#tracker = node.watermark && new WatermarkTracker(node.watermark);
  }

  get stream(): string {
    return this.#node.stream;
  }

  get topic(): string {
    return this.#node.topic;
  }

  /** False while no broker answers. */
  get isAnswering(): boolean {
    return this.#watch?.isAnswering ?? true;
  }

  get progress(): PartitionProgress[] {
    return this.#partitions.map((partition) => partition.progress(this.#tracker));
  }

  /** Fixes the positions. @throws {MillraceError} PLAN_STREAM_UNKNOWN if the topic does not exist, and what Kafka refuses. */
  async open(): Promise<void> {
    const { kafka, clock } = this.#context;
    const { topic, start } = this.#node;
    const metadata = await kafka.topic(topic).catch((error: unknown) => {
      throw this.#asGone(asMillraceError(error));
    });
    const starts = await startPositions(
      kafka,
      topic,
      metadata.partitions.map(({ partition }) => partition),
      start,
    );
    for (const from of starts) {
      this.#partitions.push(new ScanPartition(topic, from));
      this.#tracker?.add(from.partition, { isEmpty: from.isEmpty, isAtEnd: from.startOffset >= from.endOffset }, clock.monotonic());
    }
    this.#partitionCount = starts.length;
    if (this.#isClosed) return;
    this.#assign();
    this.#watch = new TopicWatch(kafka, metadata, this.stream, this.#context, {
      onPartitionCount: (count) => {
        if (count <= this.#partitionCount || this.#node.bounded) return;
        this.#partitionCount = count;
        this.#arrivals.wake();
      },
      onGone: (error) => {
        this.#gone = error;
        this.#arrivals.wake();
      },
    });
  }

  /** Reads until the input ends (bounded), what it feeds takes no more, or the signal is aborted. @throws what ends the query. */
  async run(pace: Pace): Promise<void> {
    const onAbort = () => this.#arrivals.wake();
    pace.signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#checkHistory();
      while (!pace.hasEnded && !this.#isFinished) {
        await this.#waitForRoom(pace);
        const fetched = await this.#arrivals.take(this.#wakeAt(pace));
        pace.signal.throwIfAborted();
        if (this.#gone !== undefined) throw this.#gone;
        if (fetched === undefined) await this.#onQuiet();
        else for (const partition of fetched) await this.#take(partition, pace);
        if (!pace.hasEnded) this.#tick(pace);
      }
      if (!pace.hasEnded) this.#out.mark({ kind: 'end' });
    } catch (error) {
      throw this.#asGone(asMillraceError(error));
    } finally {
      pace.signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch?.close();
    await this.#reader.close();
  }

  get #isFinished(): boolean {
    return this.#node.bounded && this.#partitions.every(({ isRead }) => isRead);
  }

  /** Waiting for the sink is no silence of the source: idle times stand still. */
  async #waitForRoom(pace: Pace): Promise<void> {
    const room = pace.ready();
    if (room === undefined) return;
    await room;
    pace.signal.throwIfAborted();
    this.#tracker?.restartIdleTimes(this.#context.clock.monotonic());
  }

  #wakeAt(pace: Pace): number {
    const heldUntil = this.#drift.isHolding ? this.#context.clock.monotonic() + heldTooLongMs : Number.POSITIVE_INFINITY;
    return Math.min(pace.wakeAtMs, this.#tracker?.nextIdleMs ?? Number.POSITIVE_INFINITY, heldUntil);
  }

  /** Nothing came, or something else is to be done. */
  async #onQuiet(): Promise<void> {
    this.#drift.release();
    if (this.#partitionCount > this.#partitions.length) await this.#addPartitions();
  }

  async #addPartitions(): Promise<void> {
    const { kafka, clock } = this.#context;
    const added = Array.from({ length: this.#partitionCount - this.#partitions.length }, (_, i) => this.#partitions.length + i);
    const offsets = await kafka.listOffsets(this.topic, added, 'earliest');
    for (const [i, partition] of added.entries()) {
      const from = { partition, startOffset: offsets[i]!, endOffset: offsets[i]!, isEmpty: true };
      this.#partitions.push(new ScanPartition(this.topic, from));
      this.#tracker?.add(partition, { isEmpty: true, isAtEnd: true }, clock.monotonic());
    }
    this.#assign();
  }

  #assign(): void {
    const unread = this.#partitions.filter(({ isRead }) => !(this.#node.bounded && isRead));
    this.#reader.assign(unread.map(({ partition, nextOffset }) => ({ topic: this.topic, partition, offset: nextOffset })));
  }

  async #take(fetched: FetchedPartition, pace: Pace): Promise<void> {
    const state = this.#partitions.find(({ partition }) => partition === fetched.partition);
    if (state === undefined || pace.hasEnded || (this.#node.bounded && state.isRead)) return;
    this.bytesIn += fetched.bytes.length;
    const { batches, bytes } = fetched;
    for (let i = 0; i < batches.length && !pace.hasEnded; i += 2) {
      if (this.#isFull()) await this.#flush(state, pace);
      const fromOffset = Math.max(fetched.fromOffset, state.nextOffset);
      if (!decodeRecords(bytes, batches[i]!, batches[i + 1]!, this.#spans, { fromOffset })) {
        await this.#flush(state, pace);
        decodeRecords(bytes, batches[i]!, batches[i + 1]!, this.#spans, { fromOffset });
      }
      this.#batchEnds.push(this.#spans.count);
    }
    await this.#flush(state, pace);
    state.take(fetched);
    this.#tracker?.setAtEnd(state.partition, state.isAtEnd);
    this.#checkHistory();
    if (this.#tracker !== null && !this.#isLive) this.#balance(this.#tracker);
  }

  #isFull(): boolean {
    return this.#spans.count > 0 && (this.#node.batchPerChunk || this.#spans.count >= chunkRows);
  }

  /** Decodes the collected records and hands them on. */
  async #flush(state: ScanPartition, pace: Pace): Promise<void> {
    const spans = this.#spans;
    if (this.#node.bounded) while (spans.count > 0 && spans.offsets[spans.count - 1]! >= state.endOffset) spans.count--;
    if (spans.count > 0) {
      this.recordsIn += spans.count;
      const lastOffset = spans.offsets[spans.count - 1]!;
      this.#decode(state.partition);
      state.nextOffset = lastOffset + 1;
      pace.check();
      await this.#waitForRoom(pace);
    }
    spans.clear();
    this.#batchEnds = [];
  }

  #decode(partition: number): void {
    const { chunk, records } = this.#rows.decode(this.#spans, partition, (record, reason) => this.#undecodable(partition, record, reason));
    this.#atRecords(partition, records, () => {
      if (this.#time === null || this.#tracker === null) this.#pushAll(chunk, records);
      else this.#pushTimed(partition, chunk, records, this.#time, this.#tracker);
    });
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
    const ignoreAfterMs = maxFutureSkewMs === null ? Number.POSITIVE_INFINITY : this.#context.clock.now() + maxFutureSkewMs;
    const nowMs = this.#context.clock.monotonic();
    const ends = rowEnds(records, chunk.rowCount, this.#batchEnds);
    const segments = splitBatches(times, ends, tracker.maxOf(partition), delayMs, ignoreAfterMs, !this.#node.batchPerChunk);
    if (segments.length === 0) tracker.observe(partition, Number.NEGATIVE_INFINITY, nowMs);
    for (const segment of segments) {
      this.#push(chunk, segment.start, segment.end, segment.lateBeforeMs);
      this.#observe(partition, segment, times, records, tracker, nowMs);
    }
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
      this.#context.logger.warn(
        { topic: this.topic, partition, offset, fromMs: beforeMs, toMs: maxMs },
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
      throw new MillraceError(cause.code, `${cause.message} (${this.topic}, partition ${partition}, offset ${offset})`, {
        cause,
        hint: cause.hint,
        details: { ...cause.details, topic: this.topic, partition, offset },
      });
    }
  }

  #undecodable(partition: number, record: number, reason: string): void {
    this.undecodable.add(this.topic, partition, this.#spans.offsets[record]!, reason);
  }

  #checkHistory(): void {
    if (this.#isLive || !this.#partitions.every(({ isRead }) => isRead)) return;
    this.#isLive = true;
    this.#drift.release();
    if (!this.#node.bounded) this.#out.mark({ kind: 'live' });
  }

  #balance(tracker: WatermarkTracker): void {
    const reading = this.#partitions.filter(({ isRead }) => !isRead);
    this.#drift.balance(new Map(reading.map(({ partition }) => [partition, tracker.maxOf(partition)])));
  }

  #tick(pace: Pace): void {
    const nowMs = this.#context.clock.monotonic();
    if (this.#tracker !== null) {
      if (!this.isAnswering) this.#tracker.restartIdleTimes(nowMs);
      for (const timeMs of this.#tracker.tick(nowMs)) this.#out.mark({ kind: 'watermark', timeMs });
    }
    if (nowMs >= pace.wakeAtMs) {
      this.#out.mark({ kind: 'tick', nowMs });
      pace.check();
    }
  }

  #asGone(error: MillraceError): MillraceError {
    if (error.code !== 'KAFKA_TOPIC_UNKNOWN') return error;
    return new MillraceError('PLAN_STREAM_UNKNOWN', `stream "${this.stream}" cannot be read: its topic "${this.topic}" does not exist`, {
      cause: error,
    });
  }
}

/** Ends of batches among records → ends among the rows that came of them (rows are in the order of their records). */
function rowEnds(records: Int32Array, rowCount: number, batchEnds: readonly number[]): number[] {
  let row = 0;
  return batchEnds.map((end) => {
    if (rowCount === 0) return 0;
    if (records[rowCount - 1]! < end) return (row = rowCount);
    while (records[row]! < end) row++;
    return row;
  });
}
