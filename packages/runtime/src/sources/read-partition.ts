import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { KafkaSource } from './source-ports.ts';

/** The offsets of a partition: of its first record, and of that behind its last committed one. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** @throws {MillraceError} KAFKA_TOPIC_UNKNOWN, KAFKA_BROKER_UNAVAILABLE */
export async function extentOf(kafka: Pick<KafkaSource, 'topic' | 'listOffsets'>, topic: string, partition: number): Promise<Extent> {
  await kafka.topic(topic);
  const [[start], [end]] = await Promise.all([
    kafka.listOffsets(topic, [partition], 'earliest'),
    kafka.listOffsets(topic, [partition], 'latest'),
  ]);
  return { start: start!, end: end! };
}

/**
 * Reads a partition from its beginning to what its end was when this was called, committed records only, a batch at a time.
 * @param extent reads from there to there instead
 * @returns spans that are valid until the next are asked for
 * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN, KAFKA_BROKER_UNAVAILABLE, KAFKA_RECORD_CORRUPT; the reason of the signal
 */
export async function* readPartition(
  kafka: Pick<KafkaSource, 'topic' | 'listOffsets' | 'openReader'>,
  topic: string,
  partition: number,
  signal: AbortSignal,
  extent?: Extent,
): AsyncGenerator<RecordSpans> {
  const { start, end } = extent ?? (await extentOf(kafka, topic, partition));
  if (start >= end) return;
  const reader = kafka.openReader();
  const close = () => void reader.close();
  signal.addEventListener('abort', close, { once: true });
  const spans = new RecordSpans();
  try {
    reader.assign([{ topic, partition, offset: start }]);
    for (let next = start; next < end; ) {
      const fetched = await reader.next();
      signal.throwIfAborted();
      for (const { bytes, batches, fromOffset, nextOffset } of fetched) {
        for (let i = 0; i < batches.length; i += 2) {
          spans.clear();
          decodeRecords(bytes, batches[i]!, batches[i + 1]!, spans, { fromOffset });
          yield spans;
        }
        next = nextOffset;
      }
    }
  } finally {
    signal.removeEventListener('abort', close);
    await reader.close();
  }
}
