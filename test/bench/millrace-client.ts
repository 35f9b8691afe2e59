/**
 * Millrace's own data plane under the benchmarks: w0 consumes all records (checksums compared, every record's span walked),
 * `produce` writes them idempotently with acks=all. `node millrace-client.ts <w0|produce> <brokers> <records>`: prints one line of JSON.
 */
import { KafkaClient, listOffsets, openProducer, openReader } from '@millrace/kafka-client';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { deviceRecords } from './devices.ts';
import { Meter } from './measure.ts';

const [workload, brokers, count] = [process.argv[2]!, process.argv[3]!.split(','), Number(process.argv[4])];
const client = new KafkaClient({ brokers, clientId: 'bench-millrace' });

async function consume(): Promise<void> {
  const topic = 'bench-devices';
  const partitions = (await client.topic(topic)).partitions.map(({ partition }) => partition);
  const ends = await listOffsets(client, topic, partitions, 'latest');
  const wanted = Math.min(
    count,
    ends.reduce((total, end) => total + end, 0),
  );
  const meter = new Meter();
  const reader = openReader(client);
  reader.assign(partitions.map((partition) => ({ topic, partition, offset: 0 })));
  const spans = new RecordSpans();
  let consumed = 0;
  while (consumed < wanted) {
    for (const { bytes, batches, fromOffset } of await reader.next()) {
      for (let index = 0; index < batches.length; index += 2) {
        spans.clear();
        decodeRecords(bytes, batches[index]!, batches[index + 1]!, spans, { fromOffset });
        consumed += spans.count;
      }
    }
    if (consumed * 2 >= wanted) meter.half();
  }
  console.log(JSON.stringify(meter.finish(consumed, 0)));
  await reader.close();
}

async function produce(): Promise<void> {
  const topic = 'bench-produce';
  const values = [...deviceRecords(count)].map((value) => Buffer.from(value));
  await client.metadata([topic]);
  const producer = openProducer(client, { lingerMs: 5 });
  const meter = new Meter();
  for (const [index, value] of values.entries()) {
    if (index * 2 >= count) meter.half();
    const room = producer.append(topic, 0, 0, null, value);
    if (room !== undefined) await room;
  }
  await producer.flush();
  console.log(JSON.stringify(meter.finish(values.length, values.length)));
  await producer.close();
}

if (workload === 'produce') await produce();
else await consume();
await client.close();
