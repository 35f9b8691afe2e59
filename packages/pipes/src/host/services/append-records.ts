import type { KafkaClient, RecordAppender } from '@millrace/kafka-client';
import { partitionForKey, type RecordHeader } from '@millrace/kafka-protocol';
import type { TopicRecord } from '@millrace/sdk';

/**
 * Appends the records of a plugin to their partitions: the one they name, that of their key, or, of all without either, one and the same.
 * A topic that is not there is made, if the brokers make topics.
 * @param nowMs stands where a record has no time
 * @param turn which partition records go to that name none and have no key: another number, another partition
 * @throws {MillraceError} KAFKA_*; {RangeError} for a partition that is not there
 */
export async function appendRecords(
  client: Pick<KafkaClient, 'topicToWrite'>,
  appender: RecordAppender,
  topic: string,
  records: readonly TopicRecord[],
  nowMs: number,
  turn: number,
): Promise<void> {
  const { length } = (await client.topicToWrite(topic)).partitions;
  const headersOf = headerReader();
  for (const record of records) {
    const [key, value] = [bytesOf(record.key), bytesOf(record.value)];
    const partition = record.partition ?? (key === null ? turn % length : partitionForKey(key, length));
    if (!(partition >= 0 && partition < length)) throw new RangeError(`the topic ${topic} has no partition ${partition}: it has ${length}`);
    const appended = appender.append(topic, partition, record.timestampMs ?? nowMs, key, value, headersOf(record.headers));
    // Mostly there is room at once: a wait for each would cost more than the rest.
    if (appended !== undefined) await appended;
  }
}

/** Records that follow each other mostly share their headers. */
function headerReader(): (given: TopicRecord['headers']) => RecordHeader[] | undefined {
  let [last, read]: [TopicRecord['headers'], RecordHeader[] | undefined] = [undefined, undefined];
  return (given) => {
    if (given !== last) {
      last = given;
      read = given?.map(({ key, value }) => ({ key, value: value && Buffer.from(value) }));
    }
    return read;
  };
}

function bytesOf(value: Uint8Array | string | null | undefined): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : (value ?? null);
}
