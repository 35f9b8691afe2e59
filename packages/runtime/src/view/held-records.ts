import type { RecordAppender } from '@millrace/kafka-client';
import type { RecordHeader } from '@millrace/kafka-protocol';
import { partsHeader, watermarkHeader } from '../sources/watermark-header.ts';

interface Held {
  readonly topic: string;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** What a task of several tells: for which parts of the groups it speaks, and where others listen. */
export interface PartsTold {
  readonly topic: string;
  /** Of the topic. */
  readonly partitionCount: number;
  readonly parts: readonly number[];
  /** Of which the groups have so many. */
  readonly partCount: number;
  /** Grows when a watermark has passed the end of a further window: what others wait for. */
  readonly windowOf: (watermarkMs: number) => number;
}

/**
 * Holds the last record of each partition back, so that the last of a transaction can say how far the view has come in event time. Where
 * several tasks write, a partition that gets no row of this one is told by a record without value, once for each window.
 */
export class HeldRecords {
  readonly #producer: Pick<RecordAppender, 'append'>;
  readonly #told: PartsTold | null;
  readonly #held = new Map<number, Held>();
  /** By partition: the window that was told last. */
  readonly #toldWindow = new Map<number, number>();

  constructor(producer: Pick<RecordAppender, 'append'>, told: PartsTold | null) {
    this.#producer = producer;
    this.#told = told;
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
    const headers = Number.isFinite(watermarkMs) ? this.#headers(watermarkMs) : [];
    for (const [partition, { topic, timestampMs, key, value }] of this.#held)
      void this.#producer.append(topic, partition, timestampMs, key, value, headers);
    if (this.#told !== null && headers.length > 0) this.#tellOthers(this.#told, watermarkMs, headers);
    this.#held.clear();
  }

  #headers(watermarkMs: number): RecordHeader[] {
    const told = this.#told;
    return told === null ? [watermarkHeader(watermarkMs)] : [watermarkHeader(watermarkMs), partsHeader(told.parts, told.partCount)];
  }

  #tellOthers({ topic, partitionCount, windowOf }: PartsTold, watermarkMs: number, headers: readonly RecordHeader[]): void {
    const window = windowOf(watermarkMs);
    for (let partition = 0; partition < partitionCount; partition++) {
      if (this.#toldWindow.get(partition) === window) continue;
      this.#toldWindow.set(partition, window);
      if (!this.#held.has(partition)) void this.#producer.append(topic, partition, Math.max(0, watermarkMs), null, null, headers);
    }
  }
}

function copyOf(bytes: Uint8Array, start: number, end: number): Buffer | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end));
}
