import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay, SeededRandom, systemClock } from '@millrace/core';
import { Coordinator, KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { apis } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../architecture/workspace.ts';
import { millrace } from '../cli/millrace-process.ts';
import { freePort, Started } from '../harness/process.ts';

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
const deviceCount = 20;
const windowMs = 5000;
const slideMs = 1000;
const disorderMs = 2000;
/** Event time moves by so much a record. */
const stepMs = 5;
const startMs = Date.UTC(2026, 0, 1);

const folder = mkdtempSync(join(tmpdir(), 'millrace-views-'));
const isApacheKafka = process.env['KAFKA_BROKERS'] !== undefined;
let brokerPort: number;
let broker: Started | undefined;
let brokers: string;
let server: Started;
let url: string;
let client: KafkaClient;
let producer: Producer;

interface Row {
  readonly id: number;
  readonly device: string;
  readonly v: number;
  readonly at: number;
}
const written: Row[][] = Array.from({ length: partitionCount }, () => []);

async function startBroker(): Promise<void> {
  const main = join(root, 'packages/broker/src/main.ts');
  const args = ['--conditions=source', main, '--data-dir', join(folder, 'broker'), '--port', String(brokerPort)];
  broker = new Started(process.execPath, args);
  await broker.waitFor(/listening on/);
}

async function startServer(): Promise<void> {
  const [command, ...args] = millrace;
  const flags = ['--data-dir', join(folder, 'server'), '--http-port', '0', '--timezone', 'UTC', '--brokers', brokers];
  server = new Started(command!, [...args, 'server', ...flags], { cwd: folder, env: { MILLRACE_LOG_LEVEL: 'error' } });
  url = (await server.waitFor(/HTTP +(http:\S+)/))[1]!;
}

async function execute(sql: string): Promise<string[]> {
  const response = await fetch(`${url}?default_format=TabSeparated`, { method: 'POST', body: sql });
  const text = await response.text();
  if (!response.ok || text.includes('__exception__')) throw new Error(text);
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

beforeAll(async () => {
  brokerPort = await freePort();
  brokers = process.env['KAFKA_BROKERS'] ?? `127.0.0.1:${brokerPort}`;
  if (!isApacheKafka) await startBroker();
  client = new KafkaClient({ brokers: brokers.split(','), clientId: 'test' });
  producer = openProducer(client, { lingerMs: 5, deliveryTimeoutMs: 120_000 });
  await startServer();
}, 120_000);
afterAll(async () => {
  await producer?.close().catch(() => {});
  await client?.close();
  await server?.stop();
  await broker?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const settings = "SETTINGS seek_to = 'earliest', idle_timeout = 0, commit_interval = '50ms'";
const windowed = (name: string, window: string, from: string) =>
  `CREATE MATERIALIZED VIEW ${name} AS SELECT device, window_start, count() AS n, sum(v) AS s, max(id) AS last FROM ${window.replace('$', from)}
   GROUP BY device, window_start EMIT AFTER WATERMARK WITH DELAY 2s ${settings}`;
const views: Readonly<Record<string, string>> = {
  [`rows_${run}`]: `CREATE MATERIALIZED VIEW rows_${run} AS SELECT id, device, v, at FROM ${source} WHERE v % 3 = 0 ${settings}`,
  [`tumble_${run}`]: windowed(`tumble_${run}`, 'tumble($, at, 5s)', source),
  [`hop_${run}`]: windowed(`hop_${run}`, 'hop($, at, 1s, 5s)', source),
  [`chain_${run}`]: windowed(`chain_${run}`, 'tumble($, at, 5s)', `rows_${run}`),
  [`global_${run}`]: `CREATE MATERIALIZED VIEW global_${run} AS SELECT device, count() AS n, sum(v) AS s FROM ${source} GROUP BY device EMIT PERIODIC 200ms ${settings}`,
};

/** Writes rows until told to stop, out of order within the bound on disorder. */
class Writer {
  #stopped = false;
  #nextId = 0;
  /** So many rows there may be by now, however slow the machine: every kill meets some on their way. */
  #allowed = 0;

  allow(rows: number): void {
    this.#allowed = this.#nextId + rows;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#nextId < this.#allowed) await this.write(50);
      await delay(systemClock, 10);
    }
  }

  async write(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const id = this.#nextId++;
      const partition = random.below(partitionCount);
      // A batch is judged as a whole by what came before it: half of the bound keeps every row in time.
      const at = startMs + id * stepMs - random.below(disorderMs / 2);
      const row = { id, device: `d${random.below(deviceCount)}`, v: random.below(1000), at };
      written[partition]!.push(row);
      const value = Buffer.from(JSON.stringify({ ...row, at: new Date(at).toISOString().replace('T', ' ').replace('Z', '') }));
      const room = producer.append(source, partition, at, null, value);
      if (room) await room;
    }
  }

  stop(): void {
    this.#stopped = true;
  }
}

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

interface Totals {
  n: number;
  s: number;
  last: number;
}
const keyOf = (row: Row, start: number) => `${row.device}\t${new Date(start).toISOString().replace('T', ' ').replace('Z', '')}`;

/** The windows that the watermark has closed, computed plainly. */
function closedWindows(partitions: readonly (readonly Row[])[], slide: number): string[] {
  const watermark = Math.min(...partitions.map((rows) => rows.reduce((max, { at }) => Math.max(max, at), 0))) - 2000;
  const windows = new Map<string, Totals>();
  for (const row of partitions.flat()) {
    for (let start = Math.floor(row.at / slide) * slide; start > row.at - windowMs; start -= slide) {
      if (start + windowMs > watermark) continue;
      const key = keyOf(row, start);
      const totals = windows.get(key) ?? { n: 0, s: 0, last: 0 };
      windows.set(key, { n: totals.n + 1, s: totals.s + row.v, last: Math.max(totals.last, row.id) });
    }
  }
  return [...windows].map(([key, { n, s, last }]) => `${key}\t${n}\t${s}\t${last}`).sort();
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
      const writer = new Writer();
      const writing = writer.run();
      let [open, brokerKills, stalls] = [0, 0, 0];
      for (let kill = 0; kill < killCount; kill++) {
        writer.allow(20_000);
        // Now and then it is killed while it starts, else while its views run.
        if (kill % 4 !== 3) await untilRunning();
        await delay(systemClock, 100 + random.below(1000));
        if (kill % 5 === 4) {
          // It sleeps, as a machine under pressure or a paused container does, and wakes up with everything as it was.
          server.child.kill('SIGSTOP');
          await delay(systemClock, isLong && kill % 10 === 4 ? 12_000 : 1_500);
          server.child.kill('SIGCONT');
          stalls++;
        }
        await server.stop('SIGKILL');
        if (await hasOpenTransaction()) open++;
        if (!isApacheKafka && kill % 3 === 2) {
          await broker!.stop('SIGKILL');
          await startBroker();
          brokerKills++;
        }
        await startServer();
      }
      writer.stop();
      await writing;
      // The last windows close by rows behind them.
      await writer.write(3000);
      await producer.flush();
      await execute('FLUSH');

      const rows = written.flat();
      const [rowsView, tumble, hop, chain, global] = Object.keys(views) as [string, string, string, string, string];
      const passed = rows.filter(({ v }) => v % 3 === 0);
      expect((await execute(`SELECT id FROM table(${rowsView})`)).map(Number).sort((a, b) => a - b)).toEqual(
        passed.map(({ id }) => id).sort((a, b) => a - b),
      );
      expect(await windowRows(tumble)).toEqual(closedWindows(written, windowMs));
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
          `${rows.length} rows, ${closedWindows(written, windowMs).length} tumbling windows, seed ${seed}`,
      );
      expect(open).toBeGreaterThanOrEqual(killCount / 2);
      for (const view of [replay, chain, global, hop, tumble, rowsView]) await execute(`DROP VIEW ${view}`);
      await execute(`DROP STREAM ${source}`);
    },
    isLong ? 1_800_000 : 300_000,
  );
});
