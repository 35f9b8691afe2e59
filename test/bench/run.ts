/**
 * Prints records/s and CPU seconds per million records of Millrace beside a tuned kafkajs loop, each in a process of its own,
 * pinned to one core where `taskset` is there, the broker on the other.
 *
 * `npm run bench -- [--records 1000000] [--only w0,w1] [--json]`; `KAFKA_BROKERS` names another cluster than the embedded broker.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAdmin, KafkaClient, listOffsets, openProducer } from '@millrace/kafka-client';
import { root } from '../architecture/workspace.ts';
import { hasCommand, Started } from '../harness/process.ts';
import { renderTable } from '../harness/text-table.ts';
import { benchDecode } from './decode.ts';
import { deviceRecords } from './devices.ts';
import type { Measured } from './measure.ts';

const { values: options } = parseArgs({
  options: { records: { type: 'string', default: '1000000' }, only: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const records = Number(options.records);
const workloads = (options.only ?? 'decode,produce,w0,w1,w2').split(',');
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const canPin = hasCommand('taskset') && cpus().length > 1;
const pin = (core: number, args: string[]): [string, string[]] =>
  canPin ? ['taskset', ['-c', String(core), process.execPath, ...args]] : [process.execPath, args];

interface Row {
  readonly workload: string;
  readonly who: string;
  readonly 'records/s': number;
  readonly 'CPU s/M': number;
  readonly 'warm CPU s/M': number;
  readonly 'RSS MB': number;
  readonly 'times the baseline': number | null;
}
const rows: Row[] = [];

function run(script: string, workload: string, brokers: string): Measured {
  const [command, args] = pin(1, ['--conditions=source', join(root, 'test/bench', script), workload, brokers, String(records)]);
  const ran = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (ran.status !== 0) throw new Error(`${script} ${workload}: ${ran.stderr}`);
  return JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as Measured;
}

function report(workload: string, who: string, measured: Measured, baseline: Measured | null): void {
  const perMillion = 1e6 / measured.records;
  rows.push({
    workload,
    who,
    'records/s': Math.round(measured.records / measured.seconds),
    'CPU s/M': round(measured.cpuSeconds * perMillion),
    'warm CPU s/M': round(measured.warmCpuSeconds * 2 * perMillion),
    'RSS MB': Math.round(measured.maxRssMb),
    'times the baseline':
      baseline === null ? null : round((baseline.cpuSeconds / baseline.records / measured.cpuSeconds) * measured.records),
  });
}

function round(figure: number): number {
  return Math.round(figure * 100) / 100;
}

async function fill(brokers: string): Promise<void> {
  const admin = createAdmin({ brokers: brokers.split(','), clientId: 'bench' });
  for (const [topic, partitions] of Object.entries({
    'bench-devices': 4,
    'bench-produce': 1,
    'bench-produce-baseline': 1,
    'bench-results': 1,
    'bench-results-baseline': 1,
  })) {
    await admin.createTopic({ topic, partitions, configs: { 'retention.ms': '-1' } });
  }
  await admin.close();
  const client = new KafkaClient({ brokers: brokers.split(','), clientId: 'bench' });
  const [held] = await listOffsets(client, 'bench-devices', [0], 'latest');
  if (held === 0) {
    const producer = openProducer(client, { lingerMs: 5, batchSizeBytes: 16_384 });
    let row = 0;
    for (const value of deviceRecords(records)) {
      // Blocks of a partition, so that each batch is full and event time runs alike in all of them.
      const room = producer.append('bench-devices', Math.floor(row++ / 100) % 4, Date.UTC(2026, 0, 1, 10), null, Buffer.from(value));
      if (room !== undefined) await room;
    }
    await producer.close();
  }
  await client.close();
}

let brokers = process.env['KAFKA_BROKERS'];
let broker: Started | null = null;
if (brokers === undefined) {
  const [command, args] = pin(0, ['--conditions=source', join(root, 'packages/broker/src/main.ts'), '--data-dir', folder, '--port', '0']);
  broker = new Started(command, args);
  brokers = (await broker.waitFor(/listening on (\S+)/))[1]!;
}
try {
  await fill(brokers);
  for (const workload of workloads) {
    if (workload === 'decode') {
      const { ours, baseline } = benchDecode(Math.min(records, 500_000));
      report(workload, 'JSON.parse', baseline, null);
      report(workload, 'millrace', ours, baseline);
      continue;
    }
    const baseline = run('baseline-kafkajs.ts', workload, brokers);
    report(workload, 'kafkajs', baseline, null);
    report(
      workload,
      'millrace',
      run(workload === 'w0' || workload === 'produce' ? 'millrace-client.ts' : 'millrace-query.ts', workload, brokers),
      baseline,
    );
  }
} finally {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(options.json ? JSON.stringify({ records, rows }, null, 2) : renderTable(rows));
