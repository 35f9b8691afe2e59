import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay, SeededRandom, systemClock } from '@millrace/core';
import { Coordinator, KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { apis } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../harness/broker-process.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { closedWindows, RowWriter, windowedView } from './windowed-rows.ts';

/**
 * A server that runs materialized views of every kind is killed at random moments while their source is written to, and started again
 * on its directory. With `idle_timeout = 0` what a view gives is a function of the log alone: in the end each must hold exactly what
 * a plain computation says, each row and each window once. Some rounds stop the server for longer than its transactions may be
 * open, some kill the broker too.
 * On the broker that `KAFKA_BROKERS` names, else on an embedded one in a process of its own.
 */
const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined;
const killCount = isLong ? 100 : 10;
const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_401);
const random = new SeededRandom(seed);
const run = `r${process.pid}x${Date.now() % 100_000}`;
const source = `source_${run}`;
const partitionCount = 2;
const slideMs = 1000;

const folder = mkdtempSync(join(tmpdir(), 'millrace-views-'));
const isApacheKafka = process.env['KAFKA_BROKERS'] !== undefined;
let broker: BrokerProcess | undefined;
let brokers: string;
let server: ServerProcess;
let client: KafkaClient;
let producer: Producer;

const execute = (sql: string) => server.execute(sql);

beforeAll(async () => {
  if (!isApacheKafka) broker = await BrokerProcess.start(join(folder, 'broker'));
  brokers = process.env['KAFKA_BROKERS'] ?? broker!.address;
  client = new KafkaClient({ brokers: brokers.split(','), clientId: 'test' });
  producer = openProducer(client, { lingerMs: 5, deliveryTimeoutMs: 120_000 });
  server = new ServerProcess(join(folder, 'server'), ['--brokers', brokers]);
  await server.start();
}, 120_000);
afterAll(async () => {
  await producer?.close().catch(() => {});
  await client?.close();
  await server?.stop();
  await broker?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const settings = "SETTINGS seek_to = 'earliest', idle_timeout = 0, commit_interval = '50ms'";
const windowed = (name: string, window: string, from: string) => windowedView(name, window, from, settings);
const views: Readonly<Record<string, string>> = {
  [`rows_${run}`]: `CREATE MATERIALIZED VIEW rows_${run} AS SELECT id, device, v, at FROM ${source} WHERE v % 3 = 0 ${settings}`,
  [`tumble_${run}`]: windowed(`tumble_${run}`, 'tumble($, at, 5s)', source),
  [`hop_${run}`]: windowed(`hop_${run}`, 'hop($, at, 1s, 5s)', source),
  [`chain_${run}`]: windowed(`chain_${run}`, 'tumble($, at, 5s)', `rows_${run}`),
  [`global_${run}`]: `CREATE MATERIALIZED VIEW global_${run} AS SELECT device, count() AS n, sum(v) AS s FROM ${source} GROUP BY device EMIT PERIODIC 200ms ${settings}`,
};

/** True if a view has a transaction open. */
async function hasOpenTransaction(): Promise<boolean> {
  const ids = Object.keys(views).map((name) => `millrace.${name}.0`);
  const states = await Promise.all(
    ids.map(async (id) => {
      const coordinator = new Coordinator(client, id, { kind: 'transaction' });
      const answer = await coordinator.call(
        (connection) => connection.request(apis.describeTransactions, { transactionalIds: [id] }),
        10_000,
      );
      return answer.transactionStates[0]!.transactionState;
    }),
  );
  return states.includes('Ongoing');
}

/** Waits until all views have committed something since their server was started. */
async function untilRunning(): Promise<void> {
  for (;;) {
    const rows = await execute('SHOW MATERIALIZED VIEWS');
    if (rows.every((row) => row.split('\t')[1] === 'running')) return;
    await delay(systemClock, 20);
  }
}

const windowRows = async (view: string) => (await execute(`SELECT device, window_start, n, s, last FROM table(${view})`)).sort();

describe('materialized views', () => {
  it(
    `give each row and each window exactly once, though their server is killed ${killCount} times`,
    async () => {
      await execute(
        `CREATE STREAM ${source} (id int64, device string, v int64, at datetime64(3, 'UTC')) SETTINGS event_time_column = 'at', shards = ${partitionCount}`,
      );
      for (const sql of Object.values(views)) await execute(sql);
      const writer = new RowWriter(producer, source, partitionCount, random);
      const writing = writer.run();
      let [open, brokerKills, stalls] = [0, 0, 0];
      for (let kill = 0; kill < killCount; kill++) {
        writer.allow(20_000);
        // Now and then it is killed while it starts, else while its views run.
        if (kill % 4 !== 3) await untilRunning();
        await delay(systemClock, 100 + random.below(1000));
        if (kill % 5 === 4) {
          // It sleeps, as a machine under pressure or a paused container does, and wakes up with everything as it was.
          server.signal('SIGSTOP');
          await delay(systemClock, isLong && kill % 10 === 4 ? 12_000 : 1_500);
          server.signal('SIGCONT');
          stalls++;
        }
        await server.stop('SIGKILL');
        if (await hasOpenTransaction()) open++;
        if (!isApacheKafka && kill % 3 === 2) {
          await broker!.stop('SIGKILL');
          broker = await BrokerProcess.start(join(folder, 'broker'), broker!.port);
          brokerKills++;
        }
        await server.start();
      }
      await writer.finish();
      await writing;
      await execute('FLUSH');

      const { rows, written } = writer;
      const [rowsView, tumble, hop, chain, global] = Object.keys(views) as [string, string, string, string, string];
      const passed = rows.filter(({ v }) => v % 3 === 0);
      expect((await execute(`SELECT id FROM table(${rowsView})`)).map(Number).sort((a, b) => a - b)).toEqual(
        passed.map(({ id }) => id).sort((a, b) => a - b),
      );
      expect(await windowRows(tumble)).toEqual(closedWindows(written));
      expect(await windowRows(hop)).toEqual(closedWindows(written, slideMs));
      // In the stream between the views the partitions are mixed as they were read: what is late there only its own log tells.
      const replay = `replay_${run}`;
      await execute(windowed(replay, 'tumble($, at, 5s)', rowsView));
      await execute(`FLUSH MATERIALIZED VIEW ${replay}`);
      const chained = await windowRows(chain);
      expect(chained.length).toBeGreaterThan(0);
      expect(chained).toEqual(await windowRows(replay));
      const totals = Map.groupBy(rows, ({ device }) => device);
      const expected = [...totals].map(([device, of]) => `${device}\t${of.length}\t${of.reduce((sum, { v }) => sum + v, 0)}`).sort();
      await execute(`SYSTEM PAUSE MATERIALIZED VIEW ${global}`);
      expect((await execute(`SELECT device, max(n), arg_max(s, n) FROM table(${global}) GROUP BY device`)).sort()).toEqual(expected);
      console.log(
        `${killCount} kills, ${open} with a transaction open, ${brokerKills} of the broker too, ${stalls} after a stall; ` +
          `${rows.length} rows, ${closedWindows(written).length} tumbling windows, seed ${seed}`,
      );
      expect(open).toBeGreaterThanOrEqual(killCount / 2);
      for (const view of [replay, chain, global, hop, tumble, rowsView]) await execute(`DROP VIEW ${view}`);
      await execute(`DROP STREAM ${source}`);
    },
    isLong ? 1_800_000 : 300_000,
  );
});
