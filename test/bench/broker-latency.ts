/**
 * How long a record takes from `append` of a producer to a consumer that waits for it, through the embedded broker over loopback.
 *
 * `node --conditions=source test/bench/broker-latency.ts [--rate 1000] [--seconds 20]`; prints percentiles in ms. The first two seconds
 * do not count: then everything is compiled.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAdmin, KafkaClient, openProducer, openReader } from '@millrace/kafka-client';
import { BrokerProcess } from '../harness/broker-process.ts';
import { renderTable } from '../harness/text-table.ts';
import { measureLatency } from './latency.ts';

const { values: options } = parseArgs({
  options: { rate: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '20' } },
});
const rate = Number(options.rate);
const warmUp = 2 * rate;
const total = warmUp + rate * Number(options.seconds);
const place = { topic: 'quick', partition: 0 };

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-latency-'));
try {
  const broker = await BrokerProcess.start(folder);
  const admin = createAdmin({ brokers: [broker.address], clientId: 'bench' });
  await admin.createTopic({ topic: place.topic, partitions: 1 });
  await admin.close();
  const client = new KafkaClient({ brokers: [broker.address], clientId: 'bench' });
  const producer = openProducer(client);
  const reader = openReader(client);
  reader.assign([{ ...place, offset: 0 }]);
  const timeOf = await measureLatency(reader, {
    rate,
    total,
    warmUp,
    send: (index) => void producer.append(place.topic, place.partition, 0, null, Buffer.from(String(index))),
    indexOf: Number,
  });
  await producer.close();
  await reader.close();
  await client.close();
  await broker.stop();
  const at = (share: number) => Math.round(timeOf(share) * 100) / 100;
  console.log(
    renderTable([{ 'records/s': rate, 'p50 ms': at(0.5), 'p90 ms': at(0.9), 'p99 ms': at(0.99), 'p99.9 ms': at(0.999), 'max ms': at(1) }]),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
