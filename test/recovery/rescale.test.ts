import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay, SeededRandom, systemClock } from '@millrace/core';
import { KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../harness/broker-process.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { closedWindows, type Row, RowWriter, windowedView } from './windowed-rows.ts';

/**
 * Views whose work several tasks share: the number of tasks changes while rows come in, servers are killed in between, and servers
 * of a cluster come and go. With `idle_timeout = 0` what a view gives is a function of the log alone, whatever the number: each row and each
 * window once.
 * On the broker that `KAFKA_BROKERS` names, else on an embedded one in a process of its own.
 */
const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined;
const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_402);
const run = `n${process.pid}x${Date.now() % 100_000}`;
const partitionCount = 3;
const slideMs = 1000;
const parts = isLong ? 8 : 4;

const folder = mkdtempSync(join(tmpdir(), 'millrace-rescale-'));
let broker: BrokerProcess | undefined;
let brokers: string;
let client: KafkaClient;
let producer: Producer;

beforeAll(async () => {
  if (process.env['KAFKA_BROKERS'] === undefined) broker = await BrokerProcess.start(join(folder, 'broker'));
  brokers = process.env['KAFKA_BROKERS'] ?? broker!.address;
  client = new KafkaClient({ brokers: brokers.split(','), clientId: 'test' });
  producer = openProducer(client, { lingerMs: 5, deliveryTimeoutMs: 120_000 });
}, 120_000);
afterAll(async () => {
  await producer?.close().catch(() => {});
  await client?.close();
  await broker?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const createSource = (name: string) =>
  `CREATE STREAM ${name} (id int64, device string, v int64, at datetime64(3, 'UTC')) SETTINGS event_time_column = 'at', shards = ${partitionCount}`;
const settings = (tasks: number) => `SETTINGS seek_to = 'earliest', idle_timeout = 0, parallelism = ${tasks}, max_parallelism = ${parts}`;
const orReplace = (sql: string) => sql.replace('CREATE MATERIALIZED', 'CREATE OR REPLACE MATERIALIZED');
const rowsView = (name: string, source: string, tasks: number) =>
  `CREATE MATERIALIZED VIEW ${name} AS SELECT id FROM ${source} WHERE v % 3 = 0 ${settings(tasks)}`;

async function eventually<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean, withinMs = 40_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`after ${withinMs} ms it is still ${JSON.stringify(answer)}`);
    await delay(systemClock, 50);
  }
}

const windowRows = async (server: ServerProcess, view: string) =>
  (await server.execute(`SELECT device, window_start, n, s, last FROM table(${view})`)).sort();
const idRows = async (server: ServerProcess, view: string) =>
  (await server.execute(`SELECT id FROM table(${view})`)).map(Number).sort((a, b) => a - b);
const passing = (rows: readonly Row[]) =>
  rows
    .filter(({ v }) => v % 3 === 0)
    .map(({ id }) => id)
    .sort((a, b) => a - b);

describe.concurrent('views that several tasks share', () => {
  it(
    'give each row and each window exactly once, among however many tasks, though the number changes and their server is killed',
    async () => {
      const random = new SeededRandom(seed);
      const source = `rescaled_${run}`;
      const [tumble, rows, hop] = ['tumble', 'rows', 'hop'].map((kind) => `${kind}_${run}`) as [string, string, string];
      const views = isLong ? [tumble, rows, hop] : [tumble, rows];
      const create = (tasks: number) => [
        windowedView(tumble, 'tumble($, at, 5s)', source, settings(tasks)),
        rowsView(rows, source, tasks),
        ...(isLong ? [windowedView(hop, 'hop($, at, 1s, 5s)', source, settings(tasks))] : []),
      ];
      const server = new ServerProcess(join(folder, 'alone'), ['--brokers', brokers]);
      try {
        await server.start();
        await server.execute(createSource(source));
        for (const sql of create(2)) await server.execute(sql);
        const writer = new RowWriter(producer, source, partitionCount, random);
        const writing = writer.run();
        const numbers = isLong ? Array.from({ length: 40 }, () => 1 + random.below(4)) : [3, 1];
        for (const tasks of numbers) {
          writer.allow(15_000);
          await delay(systemClock, 300 + random.below(700));
          await server.stop('SIGKILL');
          await server.start();
          // Now and then it has hardly begun to go on.
          if (random.below(2) === 0) await delay(systemClock, random.below(1000));
          for (const sql of create(tasks)) await server.execute(orReplace(sql));
          await delay(systemClock, random.below(700));
          await server.stop('SIGKILL');
          await server.start();
        }
        await writer.finish();
        await writing;
        await server.execute('FLUSH');
        const expected = closedWindows(writer.written);
        expect(expected.length).toBeGreaterThan(100);
        expect(await windowRows(server, tumble)).toEqual(expected);
        if (isLong) expect(await windowRows(server, hop)).toEqual(closedWindows(writer.written, slideMs));
        expect(await idRows(server, rows)).toEqual(passing(writer.rows));
        for (const tasks of [1, 2, 3]) {
          const again = `again${tasks}_${run}`;
          await server.execute(windowedView(again, 'tumble($, at, 5s)', source, settings(tasks)));
          await server.execute(`FLUSH MATERIALIZED VIEW ${again}`);
          expect(await windowRows(server, again)).toEqual(expected);
          await server.execute(`DROP VIEW ${again}`);
        }
        console.log(
          `tasks 2, ${numbers.join(', ')}; ${2 * numbers.length} kills, ${writer.rows.length} rows, ${expected.length} windows, seed ${seed}`,
        );
        for (const view of views) await server.execute(`DROP VIEW ${view}`);
        await server.execute(`DROP STREAM ${source}`);
      } finally {
        await server.stop();
      }
    },
    isLong ? 1_800_000 : 300_000,
  );

  it('are shared by the servers of a cluster, one of which goes on alone when the other dies, and shares again when it comes back', async () => {
    const random = new SeededRandom(seed + 1);
    const source = `shared_${run}`;
    const [tumble, rows] = ['spread', 'passed'].map((kind) => `${kind}_${run}`) as [string, string];
    const servers = ['left', 'right'].map((name) => new ServerProcess(join(folder, name), ['--brokers', brokers, '--cluster', run]));
    const [left, right] = servers as [ServerProcess, ServerProcess];
    /** How many servers share each of the views. */
    const sharers = async () => (await left.execute('SHOW MATERIALIZED VIEWS')).map((row) => row.split('\t').at(-1)!.split(', ').length);
    try {
      await Promise.all(servers.map((server) => server.start()));
      await left.execute(createSource(source));
      await left.execute(windowedView(tumble, 'tumble($, at, 5s)', source, settings(2)));
      await right.execute(rowsView(rows, source, 2));
      const writer = new RowWriter(producer, source, partitionCount, random);
      writer.allow(100_000);
      const writing = writer.run();
      await eventually(sharers, (counts) => counts.every((count) => count === 2));
      await delay(systemClock, 500);
      await right.stop('SIGKILL');
      await eventually(sharers, (counts) => counts.every((count) => count === 1));
      await delay(systemClock, random.below(500));
      await right.start();
      await eventually(sharers, (counts) => counts.every((count) => count === 2));
      // The number changes on one server, which dies at once: the other has heard of it.
      await right.execute(orReplace(windowedView(tumble, 'tumble($, at, 5s)', source, settings(3))));
      await right.stop('SIGKILL');
      await right.start();
      await writer.finish();
      await writing;
      for (const server of servers) await server.execute('FLUSH');
      expect(await windowRows(left, tumble)).toEqual(closedWindows(writer.written));
      expect(await idRows(right, rows)).toEqual(passing(writer.rows));
      for (const view of [rows, tumble]) await left.execute(`DROP VIEW ${view}`);
      await left.execute(`DROP STREAM ${source}`);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }, 300_000);
});
