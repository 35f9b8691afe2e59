import { MillraceError } from '@millrace/core';
import type { FetchedPartition } from '@millrace/kafka-client';
import { decodeHeaders, decodeRecords, encodeBatch, type RecordHeader, type RecordInput, RecordSpans } from '@millrace/kafka-protocol';

/** What became of the transaction that a batch belongs to; `plain` belongs to none. */
type Outcome = 'plain' | 'open' | 'committed' | 'aborted';

interface LogBatch {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly bytes: Buffer;
  readonly isMarker: boolean;
  outcome: Outcome;
}

/** A record as somebody reads it. */
export interface ReadRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** The log of one partition, with open, committed and aborted batches and their markers. */
export class FakeLog {
  readonly topic: string;
  readonly partition: number;
  readonly batches: LogBatch[] = [];
  endOffset = 0;
  startOffset = 0;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Up to here all transactions have ended. */
  get stableOffset(): number {
    return this.batches.find(({ outcome }) => outcome === 'open')?.baseOffset ?? this.endOffset;
  }

  append(records: readonly RecordInput[], outcome: Outcome = 'plain'): LogBatch {
    const bytes = encodeBatch(records, { baseOffset: this.endOffset });
    return this.#add({ bytes, outcome, isMarker: false, baseOffset: this.endOffset, endOffset: this.endOffset + records.length });
  }

  /** The transaction of these batches has ended. */
  end(batches: readonly LogBatch[], outcome: 'committed' | 'aborted'): void {
    for (const batch of batches) batch.outcome = outcome;
    const { endOffset } = this;
    this.#add({ bytes: Buffer.alloc(0), outcome: 'plain', isMarker: true, baseOffset: endOffset, endOffset: endOffset + 1 });
  }

  /** Writes a batch of a committed transaction once more. */
  repeat({ bytes, baseOffset }: LogBatch): void {
    this.append(recordsOf(bytes, baseOffset));
  }

  /** The offset of the first record with this time or a later one. */
  offsetAt(timeMs: number): number {
    for (const { batch } of this.#committed()) {
      const found = recordsOf(batch.bytes, batch.baseOffset).find(({ timestampMs }) => timestampMs >= timeMs);
      if (found !== undefined) return found.offset;
    }
    return this.stableOffset;
  }

  /** @throws KAFKA_OFFSET_OUT_OF_RANGE */
  fetch(fromOffset: number, maxBatches: number): FetchedPartition {
    const { topic, partition, stableOffset, startOffset } = this;
    if (fromOffset < startOffset || fromOffset > this.endOffset) {
      throw new MillraceError('KAFKA_OFFSET_OUT_OF_RANGE', `offset ${fromOffset} of ${topic}, partition ${partition}, is not there`, {
        details: { topic, partition, offset: fromOffset, earliest: startOffset, latest: this.endOffset },
      });
    }
    const taken: Buffer[] = [];
    const batches: number[] = [];
    let [at, nextOffset, count] = [0, fromOffset, 0];
    for (const batch of this.batches) {
      if (batch.endOffset <= fromOffset) continue;
      if (batch.endOffset > stableOffset || count === maxBatches) break;
      nextOffset = batch.endOffset;
      count++;
      if (batch.isMarker || batch.outcome === 'aborted') continue;
      taken.push(batch.bytes);
      batches.push(at, at + batch.bytes.length);
      at += batch.bytes.length;
    }
    return {
      topic,
      partition,
      batches,
      bytes: Buffer.concat(taken),
      fromOffset,
      nextOffset,
      highWatermark: this.endOffset,
      lastStableOffset: stableOffset,
      logStartOffset: startOffset,
    };
  }

  /** What a reader of committed records gets, batch by batch. */
  committedBatches(): ReadRecord[][] {
    return [...this.#committed()].map(({ batch }) => recordsOf(batch.bytes, batch.baseOffset));
  }

  committed(): ReadRecord[] {
    return this.committedBatches().flat();
  }

  /** Drops what lies before an offset. */
  truncate(offset: number): void {
    this.startOffset = Math.max(this.startOffset, offset);
  }

  *#committed() {
    const { stableOffset } = this;
    for (const batch of this.batches) {
      if (batch.endOffset > stableOffset) return;
      if (!batch.isMarker && batch.outcome !== 'aborted') yield { batch };
    }
  }

  #add(batch: LogBatch): LogBatch {
    this.batches.push(batch);
    this.endOffset = batch.endOffset;
    return batch;
  }
}

function recordsOf(bytes: Buffer, fromOffset: number): ReadRecord[] {
  const spans = new RecordSpans();
  decodeRecords(bytes, 0, bytes.length, spans, { fromOffset });
  return Array.from({ length: spans.count }, (_, i) => ({
    offset: spans.offsets[i]!,
    timestampMs: spans.timestamps[i]!,
    key: spans.keyStarts[i]! < 0 ? null : Buffer.from(spans.bytes.subarray(spans.keyStarts[i]!, spans.keyEnds[i]!)),
    value: spans.valueStarts[i]! < 0 ? null : Buffer.from(spans.bytes.subarray(spans.valueStarts[i]!, spans.valueEnds[i]!)),
    headers: decodeHeaders(spans, i),
  }));
}

export type { LogBatch };
