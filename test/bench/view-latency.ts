/**
 * How long a record takes from `append` of a producer, through a stateless view that commits every 100 ms, to a consumer that reads
 * committed records only. Producer and consumer are this process, the view is another, the broker a third.
 *
 * `node --conditions=source test/bench/view-latency.ts <name of the cluster> <brokers> [--rate 10000] [--seconds 20]`; prints percentiles
 * in ms. The first five seconds do not count: then everything is compiled.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KafkaClient, openProducer, openReader } from '@millrace/kafka-client';
import { root } from '../architecture/workspace.ts';
import { Started } from '../harness/process.ts';
import { renderTable } from '../harness/text-table.ts';
import { deviceRecords } from './devices.ts';
import { queries } from './devices-stream.ts';
import { measureLatency } from './latency.ts';
import { partitionOf, terms } from './task.ts';
import { createTopic } from './topics.ts';
import { createChangelog, viewColumns } from './view-request.ts';

const { values: options, positionals } = parseArgs({
  options: { rate: { type: 'string', default: '10000' }, seconds: { type: 'string', default: '20' } },
  allowPositionals: true,
});
const [cluster, brokers] = positionals as [string, string];
const rate = Number(options.rate);
const warmUp = 5 * rate;
const total = warmUp + rate * Number(options.seconds);

const [source, target] = [`bench-quick-${process.pid}`, `bench-quick-view-${process.pid}`];
const brokerList = brokers.split(',');
for (const topic of [source, target]) await createTopic(brokers, topic);
await createChangelog({ name: target, brokers: brokerList, source, target, query: queries.all, columns: viewColumns.all });
const view = new Started(process.execPath, [
  '--conditions=source',
  join(root, 'test/bench/view-process.ts'),
  'all',
  brokers,
  source,
  target,
]);
await view.waitFor(/ready/);

const client = new KafkaClient({ brokers: brokerList, clientId: 'bench' });
const producer = openProducer(client);
const reader = openReader(client, { isolation: 'read_committed' });
reader.assign(Array.from({ length: terms.partitions }, (_, partition) => ({ topic: target, partition, offset: 0 })));
const rows = deviceRecords(total);
const timeOf = await measureLatency(reader, {
  rate,
  total,
  warmUp,
  send: (index) => void producer.append(source, partitionOf(index), Date.now(), null, Buffer.from(rows.next().value!)),
  indexOf: (value) => (JSON.parse(value) as { seq: number }).seq,
});
await reader.close();
await producer.close();
await client.close();
await view.stop();
const at = (share: number) => Math.round(timeOf(share));
console.log(
  renderTable([{ broker: cluster, 'records/s': rate, 'p50 ms': at(0.5), 'p90 ms': at(0.9), 'p99 ms': at(0.99), 'max ms': at(1) }]),
);
