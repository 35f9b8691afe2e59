import { KafkaClient, openProducer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';

/** Records of 1 KB in batches of almost 1 MB: a log grows as fast as the disk takes it. */
const recordsPerBatch = 900;
const batch = encodeBatch(
  Array.from({ length: recordsPerBatch }, (_, i) => ({ timestampMs: 1e12 + i, value: Buffer.alloc(1024, `record ${i} `) })),
);

/** Writes so many bytes into partition 0 of a topic, which must exist. @returns how many records that are, and the bytes of one batch. */
export async function fillLog(address: string, topic: string, bytes: number) {
  const client = new KafkaClient({ brokers: [address], clientId: 'bench' });
  const producer = openProducer(client, { maxInFlight: 5 });
  const count = Math.ceil(bytes / batch.length);
  const inFlight = new Set<Promise<unknown>>();
  for (let i = 0; i < count; i++) {
    const sent = producer.sendBatch(topic, 0, Buffer.from(batch)).finally(() => inFlight.delete(sent));
    inFlight.add(sent);
    if (inFlight.size >= 4) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  await producer.close();
  await client.close();
  return { records: count * recordsPerBatch, recordsPerBatch, batchBytes: batch.length };
}
