import { asMillraceError, MillraceError } from '@millrace/core';
import { type Chunk, concatColumns } from '@millrace/data';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { ScanNode } from '@millrace/planner';
import { RowFailure } from '../expression/row-failure.ts';
import type { Output } from '../operators/operator.ts';
import type { Feed } from '../sources/feed.ts';
import { UndecodableRecords } from '../sources/samples.ts';
import type { OperatorState } from '../state/operator-state.ts';
import { SavedWatermarks } from '../state/saved-watermarks.ts';
import { WatermarkTracker } from '../watermark/watermark-tracker.ts';
import { type ExchangedMarks, type ExchangedRows, readExchanged } from './exchange-format.ts';

/** Records are collected up to so many, and their rows put together up to about so many. */
const maxRecords = 512;
const chunkRows = 4096;

/**
 * Hands on what tasks have sent to one part of the groups: rows as chunks, and of what they tell of the source's partitions the
 * watermark of the whole: it stands until every partition was heard of.
 */
export class ExchangeFeed implements Feed {
  readonly #node: ScanNode;
  readonly #out: Output;
  readonly #tracker: WatermarkTracker | null;
  readonly #spans = new RecordSpans();
  #knownPartitions = 0;
  #collected: Chunk[] = [];
  #collectedRows = 0;
  /** The least watermark that one of the collected is judged by. */
  #lateBeforeMs = Number.NEGATIVE_INFINITY;
  /** True if none of the collected is earlier than what it is judged by. */
  #isInTime = true;
  /** Since the last mark. */
  #hasRisen = false;
  readonly state: OperatorState | null;
  readonly undecodable = new UndecodableRecords();
  recordsIn = 0;
  rowsOut = 0;

  constructor(node: ScanNode, out: Output) {
    this.#node = node;
    this.#out = out;
    // Who reads the partitions says when they are idle, and what their delay is.
    this.#tracker = node.exchange!.hasWatermarks ? new WatermarkTracker({ delayMs: 0, idleTimeoutMs: 0 }) : null;
    this.state = this.#tracker && new SavedWatermarks(this.#tracker);
  }

  get isFull(): boolean {
    return this.#spans.count >= maxRecords;
  }

  add(bytes: Buffer, start: number, end: number, fromOffset: number): boolean {
    return decodeRecords(bytes, start, end, this.#spans, { fromOffset });
  }

  flush(partition: number): number | undefined {
    const spans = this.#spans;
    const { count } = spans;
    try {
      for (let record = 0; record < count; record++)
        this.#take(readExchanged(spans.bytes.subarray(spans.valueStarts[record]!, spans.valueEnds[record]!), this.#node.schema));
      this.#handOn();
    } catch (error) {
      throw failureOf(error, this.#node, partition, spans.offsets[0]!);
    }
    this.recordsIn += count;
    const nextOffset = count === 0 ? undefined : spans.offsets[count - 1]! + 1;
    spans.clear();
    return nextOffset;
  }

  #take(exchanged: ExchangedRows | ExchangedMarks): void {
    if (exchanged.kind === 'marks') {
      this.#follow(exchanged);
      return;
    }
    const { chunk } = exchanged;
    const lateBeforeMs = chunk.lateBeforeMs ?? Number.NEGATIVE_INFINITY;
    const isInTime = !(exchanged.minTimeMs < lateBeforeMs);
    if (!this.#joins(lateBeforeMs, isInTime)) this.#handOn();
    this.#lateBeforeMs = this.#collected.length === 0 ? lateBeforeMs : Math.min(this.#lateBeforeMs, lateBeforeMs);
    this.#isInTime = isInTime && (this.#collected.length === 0 || this.#isInTime);
    this.#collected.push(chunk);
    this.#collectedRows += chunk.rowCount;
  }

  /**
   * True if rows may share a chunk with those that were collected before them: all but those that are judged by the least watermark
   * are in time, none of them earlier than what it is judged by, so that the least judges them alike. Nor do they belong to a window that was closed
   * meanwhile, by a watermark that is at most that of their own partition.
   * @see splitBatches
   */
  #joins(lateBeforeMs: number, isInTime: boolean): boolean {
    if (this.#collected.length === 0) return true;
    if (this.#node.batchPerChunk || this.#collectedRows >= chunkRows) return false;
    if (this.#isInTime) return isInTime || lateBeforeMs <= this.#lateBeforeMs;
    return isInTime && lateBeforeMs >= this.#lateBeforeMs;
  }

  /** Hands the collected rows on, and behind them how far event time has come. */
  #handOn(): void {
    const chunks = this.#collected;
    this.#collected = [];
    this.#collectedRows = 0;
    if (chunks.length > 0) {
      const chunk = together(chunks, this.#lateBeforeMs);
      this.rowsOut += chunk.rowCount;
      this.#out.chunk(chunk);
    }
    if (!this.#hasRisen) return;
    this.#hasRisen = false;
    this.#out.mark({ kind: 'watermark', timeMs: this.#tracker!.currentMs });
  }

  #follow({ sourceCount, marks }: ExchangedMarks): void {
    const tracker = this.#tracker;
    if (tracker === null) return;
    // Who tells may not know of a partition yet that others have told of before.
    const count = this.#knownPartitions > 0 ? sourceCount : Math.max(sourceCount, tracker.restoredBound);
    for (; this.#knownPartitions < count; this.#knownPartitions++) tracker.add(this.#knownPartitions, { isEmpty: false, isAtEnd: true }, 0);
    for (const { partition, watermarkMs, isIdle } of marks)
      if (tracker.set(partition, { maxMs: watermarkMs, isIdle })) this.#hasRisen = true;
  }
}

function together(chunks: readonly Chunk[], lateBeforeMs: number): Chunk {
  const [first] = chunks as [Chunk];
  if (chunks.length === 1) return first;
  const columns = first.columns.map((_, i) => concatColumns(chunks.map(({ columns: of, rowCount }) => ({ column: of[i]!, rowCount }))));
  return { rowCount: chunks.reduce((sum, { rowCount }) => sum + rowCount, 0), columns, lateBeforeMs };
}

/** The rows are computed ones: no single record of the source can be blamed, and none put aside. */
function failureOf(error: unknown, { topic, stream }: ScanNode, partition: number, offset: number): MillraceError {
  const cause = asMillraceError(error instanceof RowFailure ? error.cause : error);
  return new MillraceError(
    cause.code,
    `${cause.message} (${stream}, which ${topic} holds in partition ${partition} from offset ${offset} on)`,
    {
      cause,
      hint: cause.hint,
    },
  );
}
