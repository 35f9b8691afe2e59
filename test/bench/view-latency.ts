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
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { root } from '../architecture/workspace.ts';
import { Started } from '../harness/process.ts';
import { renderTable } from '../harness/text-table.ts';
import { deviceRecords } from './devices.ts';
import { queries } from './devices-stream.ts';
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
const sentMs = new Float64Array(total);
const latenciesMs = new Float64Array(total);
const rows = deviceRecords(total);
let sent = 0;
const startMs = performance.now();
const sender = setInterval(() => {
  const due = Math.min(total, Math.floor(((performance.now() - startMs) * rate) / 1000));
  for (; sent < due; sent++) {
    sentMs[sent] = performance.now();
    void producer.append(source, partitionOf(sent), Date.now(), null, Buffer.from(rows.next().value!));
  }
  if (sent === total) clearInterval(sender);
}, 1);
const records = new RecordSpans();
for (let received = 0; received < total; ) {
  for (const fetched of await reader.next()) {
    const nowMs = performance.now();
    for (let i = 0; i < fetched.batches.length; i += 2) {
      records.clear();
      decodeRecords(fetched.bytes, fetched.batches[i]!, fetched.batches[i + 1]!, records, { fromOffset: fetched.fromOffset });
      for (let at = 0; at < records.count; at++, received++) {
        const { seq } = JSON.parse(records.value(at)!.toString()) as { seq: number };
        latenciesMs[seq] = nowMs - sentMs[seq]!;
      }
    }
  }
}
await reader.close();
await producer.close();
await client.close();
await view.stop();
const sorted = latenciesMs.slice(warmUp).sort();
const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);
console.log(
  renderTable([{ broker: cluster, 'records/s': rate, 'p50 ms': at(0.5), 'p90 ms': at(0.9), 'p99 ms': at(0.99), 'max ms': at(1) }]),
);
