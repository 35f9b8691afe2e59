import type { Clock } from '@millrace/core';
import { inventoryEntry, readChangelog } from './changelog.ts';
import type { ViewKafka } from './view-kafka.ts';
import type { ViewRequest } from './view-request.ts';

/**
 * Forgets what the operators of a view have computed, at once or not at all; where it stands in the topics that it reads is kept.
 * The view does not run meanwhile: an owner that does is fenced.
 * @param topics what it reads from now on: positions in others are forgotten too
 * @throws {MillraceError} what Kafka refuses; KAFKA_FENCED if another owner has come
 */
export async function discardState(
  {
    transactionalId,
    transactionTimeoutMs,
    changelogTopic,
  }: Pick<ViewRequest, 'transactionalId' | 'transactionTimeoutMs' | 'changelogTopic'>,
  topics: ReadonlySet<string>,
  kafka: ViewKafka,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const producer = await kafka.openTransactionalProducer({ transactionalId, transactionTimeoutMs });
  try {
    const contents = await readChangelog(kafka, changelogTopic, signal);
    producer.begin();
    for (const key of contents.keysBeside(topics)) await producer.append(changelogTopic, 0, clock.now(), key, null);
    const positions = contents.positions().filter(({ topic }) => topics.has(topic)).length;
    const { key, value } = inventoryEntry({ owners: [], positions });
    await producer.append(changelogTopic, 0, clock.now(), key, value);
    await producer.commit();
  } finally {
    await producer.close();
  }
}
