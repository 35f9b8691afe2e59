import { MillraceError } from '@millrace/core';
import { apis } from '@millrace/kafka-protocol';
import { retry } from './back-off.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { Isolation, OffsetSpec } from './ports.ts';
import { checkCode } from './refused.ts';

const latestTimestamp = -1;
const earliestTimestamp = -2;

/**
 * Offsets of a topic's partitions. For a timestamp after which there is no record: the end of the log.
 * @param isolation with read_committed, the end of the log is where the first open transaction begins.
 * @returns in the order of `partitions`.
 * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN, KAFKA_BROKER_UNAVAILABLE, KAFKA_REQUEST_REFUSED
 */
export async function listOffsets(
  client: KafkaClient,
  topic: string,
  partitions: readonly number[],
  spec: OffsetSpec,
  isolation: Isolation = 'read_uncommitted',
): Promise<number[]> {
  const timestamp = spec === 'latest' ? latestTimestamp : spec === 'earliest' ? earliestTimestamp : spec;
  const found = new Map<number, number>();
  await retry(
    client,
    client.requestTimeoutMs,
    () => askLeaders(client, topic, partitions, timestamp, isolation, found),
    (error) => {
      if (error.code === 'KAFKA_TOPIC_UNKNOWN') throw error;
      client.forgetTopic(topic);
    },
  );
  const wrong = partitions.find((partition) => (found.get(partition) ?? -2) < (timestamp < 0 ? 0 : -1));
  if (wrong !== undefined) {
    throw new MillraceError(
      'KAFKA_PROTOCOL_INVALID',
      `the broker gives ${found.get(wrong) ?? 'nothing'} as the offset of ${topic}[${wrong}]`,
    );
  }
  const beyond = partitions.filter((partition) => found.get(partition) === -1);
  if (beyond.length > 0) {
    const ends = await listOffsets(client, topic, beyond, 'latest', isolation);
    for (const [index, partition] of beyond.entries()) found.set(partition, ends[index]!);
  }
  return partitions.map((partition) => found.get(partition)!);
}

/** Asks for what is not found yet; what one leader has answered is kept when another fails. */
async function askLeaders(
  client: KafkaClient,
  topic: string,
  partitions: readonly number[],
  timestamp: number,
  isolation: Isolation,
  found: Map<number, number>,
): Promise<void> {
  const byLeader = new Map<number, number[]>();
  for (const partition of partitions) {
    if (found.has(partition)) continue;
    const leader = await client.leaderOf(topic, partition);
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
  }
  const asked = [...byLeader].map(async ([leader, asking]) => {
    const connection = await client.connection(leader);
    const response = await connection.request(apis.listOffsets, {
      replicaId: -1,
      isolationLevel: isolation === 'read_committed' ? 1 : 0,
      topics: [{ name: topic, partitions: asking.map((partitionIndex) => ({ partitionIndex, timestamp })) }],
    });
    for (const { partitionIndex, errorCode, offset } of response.topics.flatMap(({ partitions }) => partitions)) {
      checkCode(errorCode, `ListOffsets of ${topic}[${partitionIndex}]`, { topic, partition: partitionIndex });
      found.set(partitionIndex, offset);
    }
  });
  await Promise.all(asked);
}
