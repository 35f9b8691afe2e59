import {
  batchEnd,
  batchHeader,
  decodeRecords,
  encodeBatch,
  errorCode,
  iterateBatches,
  type RecordInput,
  RecordSpans,
  setBaseOffset,
  verifyCrc,
} from '@millrace/kafka-protocol';

/** One partition in memory, with Kafka's rules for sequences of idempotent producers. */
export class FakeLog {
  leader: number;
  batches: Buffer[] = [];
  startOffset = 0;
  endOffset = 0;
  /** Where an open transaction begins; the end of the log without one. */
  stableOffset: number | undefined;
  aborted: { producerId: number; firstOffset: number }[] = [];
  maxBatchBytes = 1_000_000;
  readonly #nextSequences = new Map<number, number>();

  constructor(leader: number) {
    this.leader = leader;
  }

  get lastStableOffset(): number {
    return this.stableOffset ?? this.endOffset;
  }

  /** Appends what a producer sent. */
  produce(records: Buffer): { errorCode: number; baseOffset: number } {
    const refused = (name: Parameters<typeof errorCode>[0]) => ({ errorCode: errorCode(name), baseOffset: -1 });
    if ([...iterateBatches(records)].length !== 1 || !verifyCrc(records, 0)) return refused('CORRUPT_MESSAGE');
    if (records.length > this.maxBatchBytes) return refused('MESSAGE_TOO_LARGE');
    const producerId = batchHeader.producerId(records, 0);
    const sequence = batchHeader.baseSequence(records, 0);
    const expected = this.#nextSequences.get(producerId) ?? sequence;
    const known = this.batches.find(
      (batch) => batchHeader.producerId(batch, 0) === producerId && batchHeader.baseSequence(batch, 0) === sequence,
    );
    if (known !== undefined) return { errorCode: 0, baseOffset: batchHeader.baseOffset(known, 0) };
    if (sequence !== expected) return refused('OUT_OF_ORDER_SEQUENCE_NUMBER');
    this.#nextSequences.set(producerId, sequence + batchHeader.recordCount(records, 0));
    return { errorCode: 0, baseOffset: this.append(Buffer.from(records)) };
  }

  /** Forgets the sequences, as a broker that lost its state. */
  forgetProducers(nextSequence: number): void {
    for (const producerId of this.#nextSequences.keys()) this.#nextSequences.set(producerId, nextSequence);
  }

  append(batch: Buffer): number {
    const baseOffset = this.endOffset;
    setBaseOffset(batch, 0, baseOffset);
    this.batches.push(batch);
    this.endOffset = batchHeader.lastOffset(batch, 0) + 1;
    return baseOffset;
  }

  write(...records: RecordInput[]): number {
    return this.append(encodeBatch(records));
  }

  read(fromOffset: number, maxBytes: number, committedOnly: boolean): Buffer {
    const end = committedOnly ? this.lastStableOffset : this.endOffset;
    const found: Buffer[] = [];
    let size = 0;
    for (const batch of this.batches) {
      if (batchHeader.lastOffset(batch, 0) < fromOffset || batchHeader.baseOffset(batch, 0) >= end) continue;
      if (found.length > 0 && size + batch.length > maxBytes) break;
      size += batch.length;
      found.push(batch);
    }
    return Buffer.concat(found);
  }

  /** The values of all records, as text. */
  values(): string[] {
    return this.batches.flatMap((batch) => {
      expectWhole(batch);
      const spans = new RecordSpans();
      decodeRecords(batch, 0, batch.length, spans);
      return Array.from({ length: spans.count }, (_, index) => spans.value(index)?.toString() ?? '');
    });
  }
}

function expectWhole(batch: Buffer): void {
  if (batchEnd(batch, 0, batch.length) !== batch.length) throw new Error('the log holds half a batch');
}
