import { MillraceError } from '@millrace/core';
import type { KafkaClient } from '@millrace/kafka-client';
import { apis, errorOf } from '@millrace/kafka-protocol';

/** Kafka's name for the end of the log. */
const highWatermark = -1;

/**
 * Deletes what the partitions of a topic hold; offsets go on counting.
 * @throws {MillraceError} NOT_SUPPORTED if the broker does not offer it, KAFKA_REQUEST_REFUSED
 */
export async function deleteRecords(topic: string, client: KafkaClient): Promise<void> {
  const [metadata] = await client.metadata([topic]);
  await Promise.all(metadata!.partitions.map(({ partition, leader }) => deletePartition(topic, partition, leader, client)));
}

async function deletePartition(topic: string, partition: number, leader: number, client: KafkaClient): Promise<void> {
  const connection = await client.connection(leader);
  const { topics } = await connection.request(apis.deleteRecords, {
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset: highWatermark }] }],
    timeoutMs: client.requestTimeoutMs,
  });
  const code = topics[0]?.partitions[0]?.errorCode ?? 0;
  if (code === 0) return;
  const kafkaError = errorOf(code).name;
  throw new MillraceError('KAFKA_REQUEST_REFUSED', `the records of ${topic}/${partition} are not deleted: ${kafkaError}`, {
    details: { topic, partition, kafkaError },
  });
}
