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
  /** By producer: its epoch, and the sequence that comes next. */
  readonly #producers = new Map<number, { epoch: number; nextSequence: number }>();
  /** First offsets of open transactions, by producer. */
  readonly #open = new Map<number, number>();

  constructor(leader: number) {
    this.leader = leader;
  }

  get lastStableOffset(): number {
    return this.stableOffset ?? Math.min(this.endOffset, ...this.#open.values());
  }

  /** Appends what a producer sent. */
  produce(records: Buffer): { errorCode: number; baseOffset: number } {
    const refused = (name: Parameters<typeof errorCode>[0]) => ({ errorCode: errorCode(name), baseOffset: -1 });
    if ([...iterateBatches(records)].length !== 1 || !verifyCrc(records, 0)) return refused('CORRUPT_MESSAGE');
    if (records.length > this.maxBatchBytes) return refused('MESSAGE_TOO_LARGE');
    const producerId = batchHeader.producerId(records, 0);
    const sequence = batchHeader.baseSequence(records, 0);
    const epoch = batchHeader.producerEpoch(records, 0);
    const producer = this.#producers.get(producerId);
    if (producer !== undefined && epoch < producer.epoch) return refused('INVALID_PRODUCER_EPOCH');
    const expected = producer === undefined ? sequence : producer.epoch === epoch ? producer.nextSequence : 0;
    const isSame = (batch: Buffer) => {
      const { producerId: id, producerEpoch, baseSequence, isControl } = batchHeader;
      return (
        !isControl(batch, 0) && id(batch, 0) === producerId && producerEpoch(batch, 0) === epoch && baseSequence(batch, 0) === sequence
      );
    };
    const known = this.batches.find(isSame);
    if (known !== undefined) return { errorCode: 0, baseOffset: batchHeader.baseOffset(known, 0) };
    if (sequence !== expected) return refused('OUT_OF_ORDER_SEQUENCE_NUMBER');
    this.#producers.set(producerId, { epoch, nextSequence: sequence + batchHeader.recordCount(records, 0) });
    if (batchHeader.isTransactional(records, 0) && !this.#open.has(producerId)) this.#open.set(producerId, this.endOffset);
    return { errorCode: 0, baseOffset: this.append(Buffer.from(records)) };
  }

  /** Forgets the sequences, as a broker that lost its state. */
  forgetProducers(nextSequence: number): void {
    for (const producer of this.#producers.values()) producer.nextSequence = nextSequence;
  }

  /** Writes the marker of a transaction. */
  endTransaction(producerId: number, committed: boolean, marker: Buffer): void {
    const firstOffset = this.#open.get(producerId);
    this.#open.delete(producerId);
    const epoch = batchHeader.producerEpoch(marker, 0);
    const producer = this.#producers.get(producerId);
    if (producer !== undefined && producer.epoch !== epoch) this.#producers.set(producerId, { epoch, nextSequence: 0 });
    if (!committed && firstOffset !== undefined) this.aborted.push({ producerId, firstOffset });
    this.append(marker);
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
      if (batchHeader.isControl(batch, 0)) return [];
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
