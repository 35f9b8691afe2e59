/**
 * Prints records/s and CPU seconds per million records of Millrace beside other clients, each in a process of its own, pinned to one
 * core where `taskset` is there, the broker on another.
 *
 * `npm run bench -- [--records 1000000] [--only consume,copy] [--who millrace,kafkajs] [--kafka] [--json]`.
 * The broker is the embedded one; with `--kafka` all is run on Apache Kafka as well; `KAFKA_BROKERS` names another cluster instead.
 * Workloads: decode (no broker), consume, produce, copy (consume → produce in transactions with offsets, read_committed), w1 and
 * w2 (queries, see millrace-query.ts). With `--only broker` the embedded broker alone is measured: latency, fetches from the page cache, and
 * memory with 1,000 connections and 10 GB of log (see broker-latency.ts, broker-fetch.ts, broker-memory.ts).
 * `--only pipes`: pipes through a plugin's worker and from topic to topic (see millrace-pipe.ts), and a hundred that have nothing to do (pipe-idle.ts).
 * `--only views`: w1 and w2 as exactly-once materialized views (see millrace-view.ts; what starting costs
 * is in the figures: the bars are for `--records 5000000`), how long a record takes through one, and a restart with a million keys (view-latency.ts, view-restart.ts).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../architecture/workspace.ts';
import { hasCommand } from '../harness/process.ts';
import { legal, positive, scriptOptions } from '../harness/script-options.ts';
import { renderTable } from '../harness/text-table.ts';
import { type Cluster, startClusters } from './clusters.ts';
import { baseline, type Contestant, contestants } from './contestants.ts';
import { benchDecode } from './decode.ts';
import { deviceRecords } from './devices.ts';
import type { Measured } from './measure.ts';
import { plainRowCounts } from './plain-result.ts';
import { createTopic, fill, readAll } from './topics.ts';

const everyClient = ['decode', 'produce', 'consume', 'copy', 'w1', 'w2'];
const usage = `npm run bench -- [--records 1000000] [--only ${everyClient.join(',')}|broker|views|pipes] [--who millrace,kafkajs] [--kafka] [--json]`;
const options = scriptOptions(usage, () => {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '1000000' },
      only: { type: 'string', default: everyClient.join(',') },
      who: { type: 'string' },
      kafka: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const only = values.only.split(',');
  legal('only', only, [...everyClient, 'broker', 'views', 'pipes']);
  if (only.includes('views')) only.push('view-w1', 'view-w2');
  if (only.includes('pipes')) only.push('pipe-batch', 'pipe-map', 'pipe-copy');
  return { ...values, only, records: positive('records', values.records) };
});
const { records } = options;
const source = 'bench-devices';
const canPin = hasCommand('taskset') && cpus().length > 1;
const notes: string[] = [];

interface Row {
  readonly broker: string;
  readonly workload: string;
  readonly who: string;
  readonly 'records/s': number;
  readonly 'CPU s/M': number;
  readonly 'warm CPU s/M': number;
  readonly 'RSS MB': number;
  readonly 'CPU ÷ millrace': string;
  readonly 'kafkajs ÷ CPU': string;
}

interface Result {
  readonly workload: string;
  readonly who: string;
  readonly measured: Measured;
}

function rowsOf(broker: string, results: readonly Result[]): Row[] {
  const cpu = ({ cpuSeconds, records: count }: Measured) => (cpuSeconds * 1e6) / count;
  return results.map(({ workload, who, measured }) => {
    const times = (name: string, of: (other: number) => number) => {
      const other = results.find((one) => one.workload === workload && one.who === name);
      return other === undefined || name === who ? '' : of(cpu(other.measured)).toFixed(2);
    };
    return {
      broker,
      workload,
      who,
      'records/s': Math.round(measured.records / measured.seconds),
      'CPU s/M': Math.round(cpu(measured) * 1e3) / 1e3,
      'warm CPU s/M': Math.round((measured.warmCpuSeconds * 2e9) / measured.records) / 1e3,
      'RSS MB': Math.round(measured.maxRssMb),
      'CPU ÷ millrace': times('millrace', (ours) => cpu(measured) / ours),
      'kafkajs ÷ CPU': times(baseline, (kafkajs) => kafkajs / cpu(measured)),
    };
  });
}

let runs = 0;

/** @returns null if the contestant fails: the others go on. */
async function run({ name, command, options: more = [] }: Contestant, workload: string, brokers: string): Promise<Measured | null> {
  const target = `bench-${workload}-${process.pid}-${runs++}`;
  await createTopic(brokers, target);
  const task = [workload, brokers, String(records), source, target];
  const [program, ...args] = [...(canPin ? ['taskset', '-c', '1'] : []), ...command, ...task, ...more];
  const input = workload === 'produce' && name.startsWith('librdkafka') ? `${[...deviceRecords(records)].join('\n')}\n` : '';
  const ran = spawnSync(program!, args, { encoding: 'utf8', input, maxBuffer: 1 << 26, timeout: 900_000 });
  if (ran.status !== 0) {
    notes.push(`${name} failed in ${workload}: ${(ran.stderr || String(ran.error ?? ran.signal)).trim().slice(0, 500)}`);
    return null;
  }
  const measured = JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as Measured;
  if (workload === 'produce' || workload === 'copy') await compare(name, workload, brokers, target, measured);
  if (workload.startsWith('view-')) await compareView(workload, brokers, target);
  return measured;
}

/** What it says to have written must be there. */
async function compare(
  name: string,
  workload: string,
  brokers: string,
  target: string,
  { records: count, checksum }: Measured,
): Promise<void> {
  const found = await readAll(brokers, target);
  if (found.records !== count || found.bytes !== checksum) {
    notes.push(`${name} wrote ${count} records of ${checksum} bytes in ${workload}, and there are ${found.records} of ${found.bytes}`);
  }
}

let expected: ReturnType<typeof plainRowCounts> | undefined;

async function compareView(workload: string, brokers: string, target: string): Promise<void> {
  expected ??= plainRowCounts(records);
  const wanted = expected[workload === 'view-w1' ? 'w1' : 'w2'];
  const found = await readAll(brokers, target);
  if (found.records !== wanted) notes.push(`${workload} gave ${found.records} rows, and a plain computation ${wanted}`);
}

async function runAll({ brokers }: Cluster, all: readonly Contestant[], workloads: readonly string[]): Promise<Result[]> {
  await fill(brokers, source, records);
  const results: Result[] = [];
  for (const workload of workloads) {
    for (const contestant of all.filter((one) => one.workloads.includes(workload))) {
      const measured = await run(contestant, workload, brokers);
      if (measured !== null) results.push({ workload, who: contestant.name, measured });
      console.error(`${workload}: ${contestant.name} ${measured === null ? 'failed' : `${measured.cpuSeconds.toFixed(2)} CPU s`}`);
    }
  }
  return results;
}

function decode(): Result[] {
  const { ours, baseline: parse } = benchDecode(Math.min(records, 500_000));
  return [
    { workload: 'decode', who: 'JSON.parse', measured: parse },
    { workload: 'decode', who: 'millrace', measured: ours },
  ];
}

/** A script that prints its own table. */
function runPart(name: string, ...more: string[]): void {
  const script = join(root, 'test/bench', `${name}.ts`);
  const pinned = canPin ? ['taskset', '-c', `0-${cpus().length - 1}`] : [];
  const [program, ...args] = [...pinned, process.execPath, '--conditions=source', script, ...more];
  const { status } = spawnSync(program!, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) notes.push(`${name} failed`);
}

function runViewParts({ name, brokers }: Cluster): void {
  runPart('view-latency', name, brokers);
  runPart('view-restart', name, brokers, 'bench-keys', '1000000');
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
// What is started from here inherits it: the brokers stay on this core.
if (canPin) spawnSync('taskset', ['-apc', '0', String(process.pid)]);
const rows: Row[] = [];
try {
  const named = options.who?.split(',');
  const all = contestants(folder, (reason) => notes.push(reason)).filter(({ name }) => named?.includes(name) ?? true);
  const workloads = options.only;
  if (workloads.includes('decode')) rows.push(...rowsOf('–', decode()));
  const rest = workloads.filter((workload) => !['decode', 'broker', 'views', 'pipes'].includes(workload));
  if (rest.length > 0) {
    notes.push('Millrace compares the checksum of every batch that it reads; librdkafka only where "+ CRC" stands behind its name.');
  }
  for (const start of rest.length === 0 ? [] : startClusters(folder, options.kafka)) {
    const cluster = await start();
    try {
      rows.push(...rowsOf(cluster.name, await runAll(cluster, all, rest)));
      if (workloads.includes('views')) runViewParts(cluster);
      if (workloads.includes('pipes')) runPart('pipe-idle', cluster.name, cluster.brokers);
    } finally {
      await cluster.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
// Each starts a broker of its own, and has all cores for both ends.
for (const part of options.only.includes('broker') ? ['latency', 'fetch', 'memory'] : []) runPart(`broker-${part}`);
console.log(
  options.json
    ? JSON.stringify({ records, rows, notes }, null, 2)
    : [...(rows.length === 0 ? [] : [renderTable(rows)]), ...notes].join('\n'),
);
