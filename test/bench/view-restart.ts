/**
 * How long a view with a state of a million keys needs, from the moment at which its group gives it to a server, to its first row:
 * its state is read back, and a record waits. The view is killed in between, never stopped.
 *
 * `node --conditions=source test/bench/view-restart.ts <name of the cluster> <brokers> <topic of devices> <records>`
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Coordinator, fetchOffsets, KafkaClient, openProducer } from '@millrace/kafka-client';
import { root } from '../architecture/workspace.ts';
import { Started } from '../harness/process.ts';
import { renderTable } from '../harness/text-table.ts';
import { deviceRecords } from './devices.ts';
import { queries } from './devices-stream.ts';
import { createTopic, fill } from './topics.ts';
import { createChangelog, viewColumns } from './view-request.ts';

const [cluster, brokers, source, count] = process.argv.slice(2) as [string, string, string, string];
const records = Number(count);
const target = `bench-keys-${process.pid}`;
const brokerList = brokers.split(',');
await fill(brokers, source, records);
await createTopic(brokers, target);
await createChangelog({ name: target, brokers: brokerList, source, target, query: queries.keys, columns: viewColumns.keys });

const script = join(root, 'test/bench/view-process.ts');
const start = (...snapshot: string[]) =>
  new Started(process.execPath, ['--conditions=source', script, 'keys', brokers, source, target, ...snapshot]);

const client = new KafkaClient({ brokers: brokerList, clientId: 'bench' });
const producer = openProducer(client);
let written = records;

async function untilCommitted(): Promise<void> {
  const coordinator = new Coordinator(client, `millrace.view.${target}`);
  for (let committed = 0; committed < written; await new Promise((resolve) => setTimeout(resolve, 200))) {
    committed = (await fetchOffsets(coordinator, null)).reduce((sum, { offset }) => sum + offset, 0);
  }
}

async function append(): Promise<void> {
  const { value } = deviceRecords(1).next();
  await producer.append(source, 0, Date.UTC(2026, 0, 1, 10), null, Buffer.from(value!));
  await producer.flush();
  written++;
}

async function restart(from: string, ...snapshot: string[]) {
  await append();
  const view = start(...snapshot);
  const [line] = await view.waitFor(/\{"firstOutputMs".*\}/, 300_000);
  await untilCommitted();
  await view.stop('SIGKILL');
  const { firstOutputMs, cpuSeconds, rssMb } = JSON.parse(line) as { firstOutputMs: number; cpuSeconds: number; rssMb: number };
  const [seconds, cpu] = [firstOutputMs / 1000, Math.round(cpuSeconds * 100) / 100];
  return { broker: cluster, 'state from': from, keys: records, 'first row after s': seconds, 'CPU s': cpu, 'RSS MB': rssMb };
}

/** Runs the view until it has written a snapshot, which it does behind a commit. */
async function makeSnapshot(path: string): Promise<void> {
  const view = start(path);
  await view.waitFor(/ready/, 300_000);
  for (; !existsSync(path); await new Promise((resolve) => setTimeout(resolve, 1000))) await append();
  await untilCommitted();
  await view.stop('SIGKILL');
}

const first = start();
await untilCommitted();
await first.stop('SIGKILL');
const rows = [await restart('changelog')];
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-view-'));
try {
  const snapshot = join(folder, 'snapshot');
  await makeSnapshot(snapshot);
  rows.push(await restart('snapshot', snapshot));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
await producer.close();
await client.close();
console.log(renderTable(rows));
