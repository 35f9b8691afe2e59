import type { Clock } from '@millrace/core';
import type { BatchHeader } from '../log/batch-header.ts';
import type { DerivedState } from '../log/partition-log.ts';
import { type AbortedTransaction, AbortedTransactions } from './aborted-transactions.ts';

/** A batch that a producer wrote: its place in the producer's sequence and in the log. */
interface ProducedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

interface ProducerState {
  readonly epoch: number;
  /** The last batches, oldest first. */
  readonly batches: readonly ProducedBatch[];
  readonly seenAtMs: number;
  /** First offset of its open transaction. */
  readonly openSince?: number | undefined;
  /** True if the end of a transaction has raised its epoch: the first batch of the next has sequence 0. */
  readonly startsAnew?: boolean | undefined;
  /** True once one of its transactions has ended. */
  readonly hasEnded?: boolean | undefined;
}

/** What is told of a producer. */
export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 if only markers are known of it. */
  readonly lastSequence: number;
  readonly seenAtMs: number;
  readonly hasEnded: boolean;
  readonly openSince: number | undefined;
}

/** An open transaction of one partition. */
export interface OpenTransaction {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly firstOffset: number;
}

/** What becomes of a batch of an idempotent producer. */
export type SequenceVerdict =
  | { readonly kind: 'append' }
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly lastOffset: number }
  | { readonly kind: 'refuse'; readonly error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' | 'INVALID_PRODUCER_EPOCH' | 'INVALID_TXN_STATE' };

/** Clients have at most this many batches in flight, so a retry is always among them. */
const batchesKept = 5;
const sequenceMax = 2 ** 31 - 1;
const sweepSizeMin = 1000;

/**
 * What one partition knows of the producers that write to it: enough to answer a repeated batch with its first offset
 * and to refuse a gap, which transactions are open and which were aborted. An unknown producer may begin anywhere, since what was
 * known of it may have expired.
 * @see KIP-98, "Idempotent producer guarantees"; KIP-360; KIP-890
 */
export class ProducerStates implements DerivedState {
  readonly #clock: Clock;
  readonly #expirationMs: number;
  readonly #states = new Map<number, ProducerState>();
  /** First offsets by producer. They only grow, so they are in order. */
  readonly #open = new Map<number, number>();
  readonly #aborted = new AbortedTransactions();
  #sweepSize = sweepSizeMin;

  constructor(clock: Clock, expirationMs: number) {
    this.#clock = clock;
    this.#expirationMs = expirationMs;
  }

  get size(): number {
    return this.#states.size;
  }

  /** First offset of the oldest open transaction; undefined if none is open. */
  get firstOpenOffset(): number | undefined {
    return this.#open.values().next().value;
  }

  openTransactions(): OpenTransaction[] {
    return [...this.#open].map(([producerId, firstOffset]) => ({
      producerId,
      producerEpoch: this.#states.get(producerId)!.epoch,
      firstOffset,
    }));
  }

  list(): ActiveProducer[] {
    return [...this.#states].map(([producerId, { epoch, batches, seenAtMs, hasEnded, openSince }]) => ({
      producerId,
      producerEpoch: epoch,
      lastSequence: batches.at(-1)?.lastSequence ?? -1,
      seenAtMs,
      hasEnded: hasEnded ?? false,
      openSince,
    }));
  }

  /** Aborted transactions that have something in [from, to), in order of their first offsets. */
  abortedBetween(from: number, to: number): AbortedTransaction[] {
    return this.#aborted.overlapping(from, to);
  }

  /** True for a batch whose transaction was aborted. */
  isAborted({ producerId, isTransactional, baseOffset, lastOffset }: BatchHeader): boolean {
    return isTransactional && this.abortedBetween(baseOffset, lastOffset + 1).some((aborted) => aborted.producerId === producerId);
  }

  /** True for the newest batch of a producer that is remembered. */
  isLastOfProducer({ producerId, baseOffset }: BatchHeader): boolean {
    return this.#states.get(producerId)?.batches.at(-1)?.baseOffset === baseOffset;
  }

  judge(batch: BatchHeader): SequenceVerdict {
    const state = this.#states.get(batch.producerId);
    if (state === undefined) return { kind: 'append' };
    if (batch.producerEpoch < state.epoch) return { kind: 'refuse', error: 'INVALID_PRODUCER_EPOCH' };
    if (batch.producerEpoch > state.epoch) {
      return batch.baseSequence === 0 ? { kind: 'append' } : { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
    }
    const lastSequence = lastSequenceOf(batch);
    const same = state.batches.find((known) => known.firstSequence === batch.baseSequence && known.lastSequence === lastSequence);
    if (same !== undefined) {
      // Its transaction may have been aborted meanwhile, as a crash may leave it: then it does not count, though it is there.
      const isEnded = batch.isTransactional && (state.openSince === undefined || same.baseOffset < state.openSince);
      if (isEnded) return { kind: 'refuse', error: 'INVALID_TXN_STATE' };
      return { kind: 'duplicate', baseOffset: same.baseOffset, lastOffset: same.lastOffset };
    }
    if (state.openSince !== undefined && !batch.isTransactional) return { kind: 'refuse', error: 'INVALID_TXN_STATE' };
    const previous = state.batches.at(-1);
    const isFirst = previous === undefined && (!state.startsAnew || batch.baseSequence === 0);
    const isNext = isFirst || (previous !== undefined && batch.baseSequence === sequenceAfter(previous.lastSequence, 1));
    return isNext ? { kind: 'append' } : { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
  }

  apply(batch: BatchHeader): void {
    if (batch.producerId < 0) return;
    if (batch.control !== undefined) this.#applyMarker(batch);
    else if (batch.baseSequence >= 0) this.#applyRecords(batch);
    if (this.#states.size > this.#sweepSize) this.#forgetExpired();
  }

  capture(): Uint8Array {
    this.#forgetExpired();
    return Buffer.from(JSON.stringify({ producers: [...this.#states], aborted: this.#aborted.entries } satisfies Captured));
  }

  restore(captured: Buffer): boolean {
    try {
      const { producers, aborted } = JSON.parse(captured.toString()) as Captured;
      for (const [producerId, state] of producers) this.#states.set(producerId, state);
      this.#aborted.restore(aborted);
    } catch {
      return false;
    }
    const open = [...this.#states].filter(([, { openSince }]) => openSince !== undefined);
    for (const [producerId, { openSince }] of open.sort(([, a], [, b]) => a.openSince! - b.openSince!))
      this.#open.set(producerId, openSince!);
    return true;
  }

  reset(): void {
    this.#states.clear();
    this.#open.clear();
    this.#aborted.restore([]);
  }

  forgetBefore(offset: number): void {
    this.#aborted.forgetBefore(offset);
  }

  #applyRecords(batch: BatchHeader): void {
    const { producerId, producerEpoch, baseOffset, lastOffset } = batch;
    const before = this.#states.get(producerId);
    const kept = before?.epoch === producerEpoch ? before.batches.slice(-(batchesKept - 1)) : [];
    const produced = { firstSequence: batch.baseSequence, lastSequence: lastSequenceOf(batch), baseOffset, lastOffset };
    const openSince = before?.openSince ?? (batch.isTransactional ? baseOffset : undefined);
    if (openSince !== undefined && !this.#open.has(producerId)) this.#open.set(producerId, openSince);
    const seenAtMs = this.#clock.now();
    this.#states.set(producerId, { epoch: producerEpoch, batches: [...kept, produced], seenAtMs, openSince, hasEnded: before?.hasEnded });
  }

  /** A marker ends the transaction; its epoch, if it is newer, fences those before. */
  #applyMarker({ producerId, producerEpoch, baseOffset, control }: BatchHeader): void {
    const before = this.#states.get(producerId);
    const epoch = Math.max(producerEpoch, before?.epoch ?? -1);
    const batches = before?.epoch === epoch ? before.batches : [];
    const startsAnew = before !== undefined && (epoch > before.epoch || before.startsAnew === true);
    this.#states.set(producerId, { epoch, batches, seenAtMs: this.#clock.now(), startsAnew, hasEnded: true });
    this.#open.delete(producerId);
    if (before?.openSince === undefined || control !== 'abort') return;
    const stableOffset = this.firstOpenOffset ?? baseOffset + 1;
    this.#aborted.add({ producerId, firstOffset: before.openSince, lastOffset: baseOffset, stableOffset });
  }

  #forgetExpired(): void {
    const oldestMs = this.#clock.now() - this.#expirationMs;
    for (const [producerId, state] of this.#states) {
      if (state.seenAtMs < oldestMs && state.openSince === undefined) this.#states.delete(producerId);
    }
    this.#sweepSize = Math.max(sweepSizeMin, this.#states.size * 2);
  }
}

/** What stands in a snapshot. */
interface Captured {
  readonly producers: [producerId: number, ProducerState][];
  readonly aborted: readonly AbortedTransaction[];
}

/** The offsets count, not the records: compaction takes records out of a batch, but no numbers. */
function lastSequenceOf({ baseSequence, baseOffset, lastOffset }: BatchHeader): number {
  return sequenceAfter(baseSequence, lastOffset - baseOffset);
}

/** Sequence numbers run from 0 to 2³¹ − 1 and begin again. */
function sequenceAfter(sequence: number, count: number): number {
  return sequence > sequenceMax - count ? count - (sequenceMax - sequence) - 1 : sequence + count;
}
