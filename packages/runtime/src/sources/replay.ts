import { asMillraceError, MillraceError } from '@millrace/core';
import type { FetchedPartition } from '@millrace/kafka-client';
import { decodeRecords, encodeBatch, RecordSpans } from '@millrace/kafka-protocol';
import { refusedRecord } from './dead-letter.ts';
import type { Feed } from './feed.ts';
import { recordAt } from './record-at.ts';
import { ScanPartition } from './scan-partition.ts';
import type { RefusedRecord, ScanRecovery } from './scan-recovery.ts';
import type { KafkaSource } from './source-ports.ts';
import { resumePositions } from './start-positions.ts';

/**
 * Refused records that a scan is to process once more: one partition beside those of its source, with a position of its own. Each
 * record is handed on as if it came now from where it came first.
 */
export class Replay {
  readonly partition: ScanPartition;
  readonly #feed: Feed;
  readonly #recovery: ScanRecovery;
  readonly #spans = new RecordSpans();

  private constructor(partition: ScanPartition, feed: Feed, recovery: ScanRecovery) {
    this.partition = partition;
    this.#feed = feed;
    this.#recovery = recovery;
  }

  /** Fixes where it goes on. Null if nothing is ever processed again. */
  static async open(kafka: KafkaSource, recovery: ScanRecovery | null, feed: Feed): Promise<Replay | null> {
    const topic = recovery?.replayTopic ?? null;
    if (topic === null) return null;
    const [start] = await resumePositions(kafka, topic, [0], recovery!);
    return new Replay(new ScanPartition(topic, start!), feed, recovery!);
  }

  /** Processes records one by one. @returns after each, so that the pace can be kept */
  *take({ bytes, batches, fromOffset }: FetchedPartition): Generator<void> {
    for (let i = 0; i < batches.length; i += 2) {
      this.#spans.clear();
      decodeRecords(bytes, batches[i]!, batches[i + 1]!, this.#spans, { fromOffset: Math.max(fromOffset, this.partition.nextOffset) });
      for (let record = 0; record < this.#spans.count; record++) {
        const letter = recordAt(this.#spans, record);
        this.#process(letter.offset, refusedRecord(letter));
        this.partition.nextOffset = letter.offset + 1;
        yield;
      }
    }
  }

  /** @param at its place among those to process again: what fails there is told with it */
  #process(at: number, record: RefusedRecord): void {
    const { topic } = this.partition;
    const reason = this.#recovery.failedBefore(topic, 0)?.get(at);
    if (reason !== undefined) {
      this.#recovery.refuse({ ...record, reason });
      return;
    }
    const batch = encodeBatch([record], { baseOffset: record.offset });
    try {
      this.#feed.add(batch, 0, batch.length, record.offset);
      this.#feed.flush(record.partition, Number.POSITIVE_INFINITY);
    } catch (failure) {
      const error = asMillraceError(failure);
      throw new MillraceError(error.code, error.message, {
        cause: error,
        hint: error.hint,
        details: { ...error.details, topic, partition: 0, offset: at },
      });
    }
  }
}
