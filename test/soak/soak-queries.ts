/**
 * Holds a server under load and looks whether its memory stays flat.
 *
 * `npm run soak -- [--minutes 15] [--rate 20000] [--queries 4]`: starts a server (as built, if it is built),
 * runs tumbling queries over a stream whose keys keep changing (a million new ones an hour) with some late rows, and prints a line of
 * figures every half minute; at the end the slope of the resident memory after minute 5, errors, late rows, and each group's lag.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SeededRandom } from '@millrace/core';
import { createAdmin, KafkaClient, listOffsets, openProducer } from '@millrace/kafka-client';
import { root } from '../architecture/workspace.ts';
import { LiveQuery } from '../harness/live-query.ts';
import { Started } from '../harness/process.ts';
import { positive, scriptOptions } from '../harness/script-options.ts';
import { slope } from './slope.ts';

const { minutes, rate, queryCount } = scriptOptions('npm run soak -- [--minutes 15] [--rate 20000] [--queries 4]', () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '15' },
      rate: { type: 'string', default: '20000' },
      queries: { type: 'string', default: '4' },
    },
  });
  return {
    minutes: positive('minutes', values.minutes),
    rate: positive('rate', values.rate),
    queryCount: positive('queries', values.queries),
  };
});

const directory = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
const server = new Started(
  process.execPath,
  [
    join(root, 'packages/cli/bin/millrace.js'),
    'server',
    '--data-dir',
    directory,
    '--http-port',
    '0',
    '--broker-port',
    '0',
    '--log-level',
    'warn',
  ],
  {
    cwd: directory,
  },
);
const [, url] = await server.waitFor(/HTTP\s+(http:\/\/\S+)/);
const [, brokers] = await server.waitFor(/Kafka\s+(\S+)/);
const client = new KafkaClient({ brokers: [brokers!], clientId: 'soak' });
const admin = createAdmin({ brokers: [brokers!], clientId: 'soak' });
const producer = openProducer(client, { lingerMs: 5, batchSizeBytes: 32_768 });

const execute = async (sql: string) => {
  const answer = await fetch(url!, { method: 'POST', body: sql });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
};
await execute("CREATE STREAM soak (k string, v float32, at datetime64(3)) SETTINGS event_time_column='at', shards=2");

const windows = [1, 5, 10, 60];
const queries: LiveQuery[] = [];
const rowsOut: number[] = [];
for (let index = 0; index < queryCount; index++) {
  const size = windows[index % windows.length];
  queries.push(
    await LiveQuery.open(
      url!,
      `SELECT window_start, k, count(), avg(v), max(v) FROM tumble(soak, ${size}s) GROUP BY window_start, k EMIT AFTER WATERMARK WITH DELAY 1s`,
    ),
  );
  rowsOut.push(0);
}

/** Resident memory of the process that does the work: the bin hands over to another Node in a checkout. */
function residentMb(): number {
  const pids = [server.child.pid!, ...childrenOf(server.child.pid!)];
  return Math.max(...pids.map((pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1] ?? 0))) / 1_024;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

const random = new SeededRandom(1);
const startMs = Date.now();
const newKeysPerRow = 1_000_000 / 3_600 / rate;
let keys = 1_000;
let sent = 0;
const samples: { x: number; y: number }[] = [];
let nextReportMs = 30_000;
for (let elapsedMs = 0; elapsedMs < minutes * 60_000; elapsedMs = Date.now() - startMs) {
  const due = Math.floor((elapsedMs / 1_000) * rate);
  for (; sent < due; sent++) {
    if (random.float() < newKeysPerRow) keys++;
    // Keys move on: the last thousand are in use. One row in a thousand comes ten seconds late.
    const key = `key-${keys - random.below(1_000)}`;
    const at = Date.now() - random.below(500) - (random.below(1_000) === 0 ? 10_000 : 0);
    const value = Buffer.from(
      `{"k":"${key}","v":${random.below(1_000) / 10},"at":"${new Date(at).toISOString().slice(0, 23).replace('T', ' ')}"}`,
    );
    const room = producer.append('soak', sent % 2, at, null, value);
    if (room !== undefined) await room;
  }
  for (const [index, query] of queries.entries()) {
    rowsOut[index]! += query.takeRows().length;
    if (query.isOver) throw new Error(`a query ended: ${await query.failure()}`);
  }
  if (elapsedMs >= nextReportMs) {
    nextReportMs += 30_000;
    const rss = residentMb();
    samples.push({ x: elapsedMs / 60_000, y: rss });
    console.log(`minute ${(elapsedMs / 60_000).toFixed(1)}: ${sent} sent, ${rowsOut.join('/')} rows out, rss ${rss.toFixed(0)} MB`);
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
}
await producer.flush();

const ends = await listOffsets(client, 'soak', [0, 1], 'latest');
const deadline = Date.now() + 60_000;
for (const { queryId } of queries) {
  const groupId = `millrace.query.${queryId}`;
  let lag = Number.NaN;
  while (lag !== 0 && Date.now() < deadline) {
    const committed = await admin.groupOffsets(groupId);
    lag = ends.reduce((total, end, partition) => total + end - (committed.find((of) => of.partition === partition)?.offset ?? 0), 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  console.log(`${groupId}: lag ${lag}`);
}
console.log(await execute('SHOW QUERIES'));
console.log(`rss slope after minute 5: ${slope(samples.filter(({ x }) => x >= 5)).toFixed(2)} MB a minute`);
for (const query of queries) await query.close();
await Promise.all([producer.close(), admin.close()]);
await client.close();
await server.stop();
rmSync(directory, { recursive: true, force: true });
