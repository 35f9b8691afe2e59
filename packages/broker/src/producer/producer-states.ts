import type { Clock } from '@millrace/core';
import type { BatchHeader } from '../log/batch-header.ts';
import type { DerivedState } from '../log/partition-log.ts';

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
}

/** What becomes of a batch of an idempotent producer. */
export type SequenceVerdict =
  | { readonly kind: 'append' }
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly lastOffset: number }
  | { readonly kind: 'refuse'; readonly error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' | 'INVALID_PRODUCER_EPOCH' };

/** Clients have at most this many batches in flight, so a retry is always among them. */
const batchesKept = 5;
const sequenceMax = 2 ** 31 - 1;
const sweepSizeMin = 1000;

/**
 * What one partition knows of the producers that write to it: enough to answer a repeated batch with its first offset
 * and to refuse a gap. An unknown producer may begin anywhere, since what was known of it may have expired.
 * @see KIP-98, "Idempotent producer guarantees"; KIP-360
 */
export class ProducerStates implements DerivedState {
  readonly #clock: Clock;
  readonly #expirationMs: number;
  readonly #states = new Map<number, ProducerState>();
  #sweepSize = sweepSizeMin;

  constructor(clock: Clock, expirationMs: number) {
    this.#clock = clock;
    this.#expirationMs = expirationMs;
  }

  get size(): number {
    return this.#states.size;
  }

  judge(batch: BatchHeader): SequenceVerdict {
    const state = this.#states.get(batch.producerId);
    if (state === undefined) return { kind: 'append' };
    if (batch.producerEpoch < state.epoch) return { kind: 'refuse', error: 'INVALID_PRODUCER_EPOCH' };
    if (batch.producerEpoch > state.epoch) {
      return batch.baseSequence === 0 ? { kind: 'append' } : { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
    }
    const lastSequence = sequenceAfter(batch.baseSequence, batch.recordCount - 1);
    const same = state.batches.find((known) => known.firstSequence === batch.baseSequence && known.lastSequence === lastSequence);
    if (same !== undefined) return { kind: 'duplicate', baseOffset: same.baseOffset, lastOffset: same.lastOffset };
    const previous = state.batches.at(-1);
    const isNext = previous === undefined || batch.baseSequence === sequenceAfter(previous.lastSequence, 1);
    return isNext ? { kind: 'append' } : { kind: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
  }

  apply(batch: BatchHeader): void {
    if (batch.producerId < 0 || batch.baseSequence < 0) return;
    const before = this.#states.get(batch.producerId);
    const kept = before?.epoch === batch.producerEpoch ? before.batches.slice(-(batchesKept - 1)) : [];
    const produced = {
      firstSequence: batch.baseSequence,
      lastSequence: sequenceAfter(batch.baseSequence, batch.recordCount - 1),
      baseOffset: batch.baseOffset,
      lastOffset: batch.lastOffset,
    };
    this.#states.set(batch.producerId, { epoch: batch.producerEpoch, batches: [...kept, produced], seenAtMs: this.#clock.now() });
    if (this.#states.size > this.#sweepSize) this.#forgetExpired();
  }

  capture(): Uint8Array {
    this.#forgetExpired();
    return Buffer.from(JSON.stringify([...this.#states]));
  }

  restore(captured: Buffer): boolean {
    try {
      for (const [producerId, state] of JSON.parse(captured.toString()) as [number, ProducerState][]) this.#states.set(producerId, state);
      return true;
    } catch {
      return false;
    }
  }

  reset(): void {
    this.#states.clear();
  }

  forgetBefore(): void {}

  #forgetExpired(): void {
    const oldestMs = this.#clock.now() - this.#expirationMs;
    for (const [producerId, state] of this.#states) if (state.seenAtMs < oldestMs) this.#states.delete(producerId);
    this.#sweepSize = Math.max(sweepSizeMin, this.#states.size * 2);
  }
}

/** Sequence numbers run from 0 to 2³¹ − 1 and begin again. */
function sequenceAfter(sequence: number, count: number): number {
  return sequence > sequenceMax - count ? count - (sequenceMax - sequence) - 1 : sequence + count;
}
