import { asMillraceError, MillraceError } from '@millrace/core';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { ScanNode } from '@millrace/planner';
import { RowFailure } from '../expression/row-failure.ts';
import type { Output } from '../operators/operator.ts';
import type { Feed } from '../sources/feed.ts';
import { UndecodableRecords } from '../sources/samples.ts';
import type { OperatorState } from '../state/operator-state.ts';
import { SavedWatermarks } from '../state/saved-watermarks.ts';
import { WatermarkTracker } from '../watermark/watermark-tracker.ts';
import { type ExchangedMarks, readExchanged } from './exchange-format.ts';

/** Records are collected up to so many. */
const maxRecords = 256;

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
    for (let record = 0; record < count; record++) {
      const value = spans.bytes.subarray(spans.valueStarts[record]!, spans.valueEnds[record]!);
      this.#take(value, partition, spans.offsets[record]!);
    }
    this.recordsIn += count;
    const nextOffset = count === 0 ? undefined : spans.offsets[count - 1]! + 1;
    spans.clear();
    return nextOffset;
  }

  #take(value: Buffer, partition: number, offset: number): void {
    try {
      const exchanged = readExchanged(value, this.#node.schema);
      if (exchanged.kind === 'marks') {
        this.#follow(exchanged);
        return;
      }
      this.rowsOut += exchanged.chunk.rowCount;
      this.#out.chunk(exchanged.chunk);
    } catch (error) {
      throw failureOf(error, this.#node, partition, offset);
    }
  }

  #follow({ sourceCount, marks }: ExchangedMarks): void {
    const tracker = this.#tracker;
    if (tracker === null) return;
    for (; this.#knownPartitions < sourceCount; this.#knownPartitions++)
      tracker.add(this.#knownPartitions, { isEmpty: false, isAtEnd: true }, 0);
    let hasRisen = false;
    for (const { partition, watermarkMs, isIdle } of marks) if (tracker.set(partition, { maxMs: watermarkMs, isIdle })) hasRisen = true;
    if (hasRisen) this.#out.mark({ kind: 'watermark', timeMs: tracker.currentMs });
  }
}

/** The rows are computed ones: no single record of the source can be blamed, and none put aside. */
function failureOf(error: unknown, { topic, stream }: ScanNode, partition: number, offset: number): MillraceError {
  const cause = asMillraceError(error instanceof RowFailure ? error.cause : error);
  return new MillraceError(cause.code, `${cause.message} (${stream}, which ${topic} holds in partition ${partition} at offset ${offset})`, {
    cause,
    hint: cause.hint,
  });
}
