import { type Clock, delay } from '@millrace/core';
import { type KafkaClient, listOffsets } from '@millrace/kafka-client';

const pollMs = 5;

/**
 * Waits until all that is in a topic now can be read, or was aborted. A transaction is decided when its coordinator has written so, and
 * that is when a commit is answered; readers see it a little later, when the partitions have heard of it (KIP-98, transaction markers).
 */
export async function untilVisible(topic: string, kafka: KafkaClient, clock: Clock, signal: AbortSignal): Promise<void> {
  const [metadata] = await kafka.metadata([topic]);
  const partitions = metadata!.partitions.map(({ partition }) => partition);
  const written = await listOffsets(kafka, topic, partitions, 'latest', 'read_uncommitted');
  for (;;) {
    const visible = await listOffsets(kafka, topic, partitions, 'latest', 'read_committed');
    if (visible.every((offset, i) => offset >= written[i]!)) return;
    await delay(clock, pollMs, signal);
  }
}
