import type { RecordAppender } from '@millrace/kafka-client';
import { watermarkHeader } from '../sources/watermark-header.ts';

interface Held {
  readonly topic: string;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** Holds the last record of each partition back, so that the last of a transaction can say how far the view has come in event time. */
export class HeldRecords {
  readonly #producer: Pick<RecordAppender, 'append'>;
  readonly #held = new Map<number, Held>();

  constructor(producer: Pick<RecordAppender, 'append'>) {
    this.#producer = producer;
  }

  /** As {@link RecordAppender.appendSpans}; all records are of one topic. */
  appendSpans(
    topic: string,
    partition: number,
    timestampMs: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void | Promise<void> {
    const before = this.#held.get(partition);
    const key = copyOf(keyBytes, keyStart, keyEnd);
    this.#held.set(partition, { topic, timestampMs, key, value: copyOf(valueBytes, valueStart, valueEnd) });
    if (before !== undefined) return this.#producer.append(topic, partition, before.timestampMs, before.key, before.value);
  }

  /** Lets go of all, the transaction being about to end. @param watermarkMs −Infinity if nothing is known of event time */
  release(watermarkMs: number): void {
    const headers = Number.isFinite(watermarkMs) ? [watermarkHeader(watermarkMs)] : [];
    for (const [partition, { topic, timestampMs, key, value }] of this.#held)
      void this.#producer.append(topic, partition, timestampMs, key, value, headers);
    this.#held.clear();
  }
}

function copyOf(bytes: Uint8Array, start: number, end: number): Buffer | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end));
}
