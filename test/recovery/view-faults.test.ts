import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Broker } from '@millrace/broker';
import { delay, SeededRandom, systemClock } from '@millrace/core';
import { KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultDisk } from '../faults/fault-disk.ts';
import { freePort } from '../harness/process.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { closedWindows, RowWriter, windowedView } from './windowed-rows.ts';

/**
 * A server that runs views meets one fault after the other, each between two kills, with rows before, during and behind it. Behind each of them
 * the views hold exactly what a plain computation says.
 * On the broker that `KAFKA_BROKERS` names, else on an embedded one in this process, whose disk can be full.
 */
const random = new SeededRandom(Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_401));
const run = `f${process.pid}x${Date.now() % 100_000}`;
const [source, rows, windows, wide] = ['source', 'rows', 'windows', 'wide'].map((name) => `${name}_${run}`) as [
  string,
  string,
  string,
  string,
];
const folder = mkdtempSync(join(tmpdir(), 'millrace-view-faults-'));
const snapshots = join(folder, 'server', 'views');
const isEmbedded = process.env['KAFKA_BROKERS'] === undefined;
const hourMs = 3_600_000;

const disk = new FaultDisk();
let port: number;
let broker: Broker | undefined;
let client: KafkaClient;
let producer: Producer;
let writer: RowWriter;
let server: ServerProcess;

async function openBroker(): Promise<void> {
  broker = new Broker({ dataDirectory: join(folder, 'broker'), port }, { disk });
  await broker.open();
}

const start = (aheadMs = 0) => server.start({ MILLRACE_LOG_LEVEL: 'warn', MILLRACE_TEST_AHEAD_MS: String(aheadMs) });

/** Kills it while it is at work. */
async function kill(): Promise<void> {
  await writer.write(2000);
  await delay(systemClock, 50 + random.below(150));
  await server.stop('SIGKILL');
}

beforeAll(async () => {
  port = await freePort();
  if (isEmbedded) await openBroker();
  const brokers = process.env['KAFKA_BROKERS'] ?? broker!.address;
  const command = fileURLToPath(new URL('../harness/skewed-server.ts', import.meta.url));
  server = new ServerProcess(join(folder, 'server'), ['--brokers', brokers], [process.execPath, '--conditions=source', command]);
  mkdirSync(server.directory, { recursive: true });
  await start();
  client = new KafkaClient({ brokers: brokers.split(','), clientId: 'test' });
  producer = openProducer(client, { lingerMs: 5, deliveryTimeoutMs: 120_000 });
  writer = new RowWriter(producer, source, 2, random);
  const settings = "SETTINGS seek_to = 'earliest', idle_timeout = 0";
  await server.execute(
    `CREATE STREAM ${source} (id int64, device string, v int64, at datetime64(3, 'UTC')) SETTINGS event_time_column = 'at', shards = 2`,
  );
  await server.execute(`CREATE MATERIALIZED VIEW ${rows} AS SELECT id, v FROM ${source} WHERE v % 3 = 0 ${settings}`);
  await server.execute(windowedView(windows, 'tumble($, at, 5s)', source, settings));
  // Much state in few rows: each commit writes a megabyte of it.
  await server.execute(
    `CREATE MATERIALIZED VIEW ${wide} AS SELECT v, count() AS n, length(max(repeat('x', 1000))) AS length FROM ${source} GROUP BY v EMIT PERIODIC 1s ${settings}`,
  );
});
afterAll(async () => {
  await producer?.close().catch(() => {});
  for (const what of [`VIEW ${rows}`, `VIEW ${windows}`, `VIEW ${wide}`, `STREAM ${source}`])
    await server?.execute(`DROP ${what}`).catch(() => {});
  await server?.stop('SIGKILL');
  await client?.close();
  await broker?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function isExact(): Promise<void> {
  await writer.write(500);
  await producer.flush();
  await server.execute('FLUSH');
  const kept = writer.rows.filter(({ v }) => v % 3 === 0).map(({ id }) => id);
  const found = (await server.execute(`SELECT id FROM table(${rows})`)).map(Number);
  expect(found.sort((a, b) => a - b)).toEqual(kept.sort((a, b) => a - b));
  expect((await server.execute(`SELECT device, window_start, n, s, last FROM table(${windows})`)).sort()).toEqual(
    closedWindows(writer.written),
  );
}

/** Writes rows until it is so. @param stepMs by so much the server's clock is moved meanwhile, again and again */
async function until(isSo: () => boolean, stepMs = 0): Promise<void> {
  for (const deadline = performance.now() + 30_000; !isSo(); await delay(systemClock, 20)) {
    if (performance.now() > deadline) throw new Error(`after 30 s it is still not so: ${isSo}\n${server.output.slice(-2000)}`);
    await writer.write(100);
    if (stepMs > 0) server.say(String(stepMs));
  }
}

/** Works until the changelog of the view with much state has grown enough for a snapshot, and the last one is old enough: no need to wait for that. */
const untilSnapshot = (isTried: () => boolean) => until(isTried, 500);

/** Puts a file system that is too small in the place of the snapshots. */
function mount(): boolean {
  mkdirSync(snapshots, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', snapshots]).status === 0;
}

function mayMount(): boolean {
  const isMounted = mount();
  if (isMounted) spawnSync('umount', [snapshots]);
  else console.log('skipped: this user must not mount a small file system, so that none can be full');
  return isMounted;
}

const snapshotFiles = () => readdirSync(snapshots).filter((name) => name.endsWith('.snapshot'));

describe('views', () => {
  it('are exact when the local snapshot of their state is damaged between two runs', async () => {
    await untilSnapshot(() => snapshotFiles().length > 0);
    const [file] = snapshotFiles().map((name) => join(snapshots, name)) as [string];
    await kill();
    const content = readFileSync(file);
    content[content.length >> 1]! ^= 1;
    writeFileSync(file, content);
    await start();
    await until(() => /fails its checksum.*is discarded/.test(server.output));

    await untilSnapshot(() => snapshotFiles().length > 0);
    await kill();
    truncateSync(file, content.length >> 2);
    await start();
    await until(() => server.output.includes('is discarded'));
    await isExact();
  });

  it.runIf(mayMount())('are exact when there is no room for local snapshots', async () => {
    await kill();
    rmSync(snapshots, { recursive: true });
    mount();
    try {
      await start();
      await untilSnapshot(() => server.output.includes('no snapshot of the view can be kept'));
      await kill();
    } finally {
      spawnSync('umount', [snapshots]);
    }
    await start();
    await isExact();
  });

  it('are exact when the clock of their server is days ahead or behind', async () => {
    for (const aheadMs of [30 * hourMs, -1000 * hourMs]) {
      await kill();
      await start(aheadMs);
      await isExact();
    }
  });

  it.runIf(isEmbedded)('are exact when the disk of the broker is full for a while', async () => {
    await writer.write(1000);
    disk.isFull = true;
    await kill();
    await start();
    disk.isFull = false;
    await isExact();
  });

  it.runIf(isEmbedded)('are exact when the broker restarts, and their server does not', async () => {
    await writer.write(2000);
    await broker!.close();
    await openBroker();
    await isExact();
    expect(server.output).not.toContain('has ended');
  });
});
