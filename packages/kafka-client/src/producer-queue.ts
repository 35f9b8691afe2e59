import type { MillraceError } from '@millrace/core';
import { batchHeader, type RecordBatchBuilder, stampProducer } from '@millrace/kafka-protocol';
import type { BackOff } from './back-off.ts';
import type { WrittenBatch } from './ports.ts';

/** Sequence numbers begin again after this one. */
const sequenceModulus = 2 ** 31;

/** Who a producer is to the brokers. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly epoch: number;
  /** True if what it writes is part of transactions. */
  readonly transactional: boolean;
}

/** A batch on its way. */
export class PendingBatch {
  readonly bytes: Buffer;
  /** What the bytes are a part of, if it may be used again afterwards. */
  readonly memory: Buffer | undefined;
  readonly recordCount: number;
  /** When (monotonic) it is given up. */
  readonly deadlineMs: number;
  readonly onWritten: (written: WrittenBatch) => void;
  readonly onFailed: (error: Error) => void;
  /** Called once it is settled either way, after the two above. */
  readonly onSettled: (() => void)[] = [];
  /** Place in the partition; given when it is sent first, kept when it is sent again. */
  sequence = -1;
  /** True if the broker has said that something before it is missing: then it was surely not written. */
  wasOutOfOrder = false;

  constructor(
    bytes: Buffer,
    memory: Buffer | undefined,
    deadlineMs: number,
    onWritten: (written: WrittenBatch) => void,
    onFailed: (error: Error) => void,
  ) {
    this.bytes = bytes;
    this.memory = memory;
    this.recordCount = batchHeader.recordCount(bytes, 0);
    this.deadlineMs = deadlineMs;
    this.onWritten = onWritten;
    this.onFailed = onFailed;
  }
}

/**
 * The batches of one partition, in order: the open one, those that wait, those in flight, and those that came back.
 * Idempotence lives here. A batch keeps its sequence for as long as it may have been written; only one that the broker
 * has surely not taken gets another.
 * @see KIP-98
 */
export class ProducerQueue {
  readonly topic: string;
  readonly partition: number;
  /** Between one failure and the next try. */
  readonly backOff: BackOff;
  open: RecordBatchBuilder | undefined;
  /** Full batches in the order in which they are to be sent. */
  ready: PendingBatch[] = [];
  /** Sent and not answered, in order. */
  inFlight: PendingBatch[] = [];
  /** To be sent again once nothing is in flight, in order. */
  returned: PendingBatch[] = [];
  /** Why the broker has last refused a batch, since it took one. */
  refusal: MillraceError | undefined;
  /** True if the partition is part of the transaction that is open. */
  isEnrolled = false;
  /** Node id of the leader, once known. */
  leader: number | undefined;
  /** True while the leader is looked for. */
  isLocating = false;
  #isKnown = false;
  #nextSequence = 0;
  /** The sequence that the broker expects, as far as it has answered. */
  #expectedSequence = 0;

  constructor(topic: string, partition: number, backOff: BackOff) {
    this.topic = topic;
    this.partition = partition;
    this.backOff = backOff;
  }

  /**
   * True if its first batch may go out now. A broker takes any sequence of a producer that it does not know yet, so that the
   * very first batch must be acknowledged before the second is sent: else they could change places.
   */
  get isSendable(): boolean {
    if (!this.#isKnown && this.inFlight.length > 0) return false;
    return this.ready.length > 0 && this.returned.length === 0 && this.leader !== undefined && !this.isLocating;
  }

  /** Takes the first batch to send it. */
  take(identity: ProducerIdentity): PendingBatch {
    const batch = this.ready.shift()!;
    if (batch.sequence === -1) this.#stamp(batch, identity);
    batch.wasOutOfOrder = false;
    this.inFlight.push(batch);
    return batch;
  }

  /** A batch has been written (or was refused for good, if `written` is false). */
  settle(batch: PendingBatch, written: boolean): void {
    this.inFlight = this.inFlight.filter((other) => other !== batch);
    if (!written) return;
    this.backOff.reset();
    this.refusal = undefined;
    this.#isKnown = true;
    this.#expectedSequence = (batch.sequence + batch.recordCount) % sequenceModulus;
  }

  /** A batch is to be sent again. */
  giveBack(batch: PendingBatch): void {
    this.inFlight = this.inFlight.filter((other) => other !== batch);
    this.returned.push(batch);
  }

  /**
   * Puts what came back in front again, once nothing is in flight.
   * @returns false if the broker has lost track of the producer, so that it needs a new identity.
   */
  takeBack(identity: ProducerIdentity): boolean {
    const returned = this.returned;
    this.returned = [];
    this.ready = [...returned, ...this.ready];
    const [first] = returned;
    if (first?.wasOutOfOrder) {
      if (first.sequence === this.#expectedSequence) return false;
      this.#restamp(identity);
    }
    return true;
  }

  /** Begins anew under another identity. */
  adopt(identity: ProducerIdentity): void {
    this.#isKnown = false;
    this.#expectedSequence = 0;
    this.#restamp(identity);
  }

  /** Takes out of the waiting ones those that the predicate names. */
  remove(predicate: (batch: PendingBatch) => boolean): PendingBatch[] {
    const removed = this.ready.filter(predicate);
    this.ready = this.ready.filter((batch) => !removed.includes(batch));
    return removed;
  }

  #restamp(identity: ProducerIdentity): void {
    this.#nextSequence = this.#expectedSequence;
    for (const batch of this.ready) if (batch.sequence !== -1) this.#stamp(batch, identity);
  }

  #stamp(batch: PendingBatch, { producerId, epoch, transactional }: ProducerIdentity): void {
    batch.sequence = this.#nextSequence;
    this.#nextSequence = (batch.sequence + batch.recordCount) % sequenceModulus;
    stampProducer(batch.bytes, producerId, epoch, batch.sequence, transactional);
  }
}
