import { createAdmin, KafkaClient, listOffsets, openProducer, openReader } from '@millrace/kafka-client';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { deviceRecords } from './devices.ts';
import { partitionOf, terms } from './task.ts';

/** Makes a topic for a run. */
export async function createTopic(brokers: string, topic: string): Promise<void> {
  const admin = createAdmin({ brokers: brokers.split(','), clientId: 'bench' });
  await admin.createTopic({ topic, partitions: terms.partitions, configs: { 'retention.ms': '-1' } });
  await admin.close();
}

/** Writes the benchmarks' records into a topic, in batches of 16 KB, unless it holds some. */
export async function fill(brokers: string, topic: string, records: number): Promise<void> {
  await createTopic(brokers, topic);
  const client = new KafkaClient({ brokers: brokers.split(','), clientId: 'bench' });
  const held = (await endsOf(client, topic)).reduce((sum, end) => sum + end, 0);
  if (held === 0) {
    const producer = openProducer(client, { lingerMs: 5, batchSizeBytes: 16_384 });
    let row = 0;
    for (const value of deviceRecords(records)) {
      const room = producer.append(topic, partitionOf(row++), Date.UTC(2026, 0, 1, 10), null, Buffer.from(value));
      if (room !== undefined) await room;
    }
    await producer.close();
  } else if (held < records) throw new Error(`topic "${topic}" holds ${held} records, and ${records} are wanted`);
  await client.close();
}

function endsOf(client: KafkaClient, topic: string): Promise<number[]> {
  const partitions = Array.from({ length: terms.partitions }, (_, partition) => partition);
  return listOffsets(client, topic, partitions, 'latest');
}

/** Counts the committed records of a topic and the bytes of their values. */
export async function readAll(brokers: string, topic: string): Promise<{ readonly records: number; readonly bytes: number }> {
  const client = new KafkaClient({ brokers: brokers.split(','), clientId: 'bench' });
  const ends = await endsOf(client, topic);
  const reader = openReader(client, { isolation: 'read_committed' });
  const open = new Set(ends.keys());
  reader.assign([...open].map((partition) => ({ topic, partition, offset: 0 })));
  const spans = new RecordSpans();
  let records = 0;
  let bytes = 0;
  while (open.size > 0) {
    for (const fetched of await reader.next()) {
      for (let index = 0; index < fetched.batches.length; index += 2) {
        spans.clear();
        decodeRecords(fetched.bytes, fetched.batches[index]!, fetched.batches[index + 1]!, spans, { fromOffset: fetched.fromOffset });
        records += spans.count;
        for (let row = 0; row < spans.count; row++) bytes += spans.valueEnds[row]! - spans.valueStarts[row]!;
      }
      if (fetched.nextOffset >= ends[fetched.partition]!) open.delete(fetched.partition);
    }
  }
  await reader.close();
  await client.close();
  return { records, bytes };
}
