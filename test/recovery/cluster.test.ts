import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from '@millrace/broker';
import { delay, systemClock } from '@millrace/core';
import { KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { createServer, loadConfiguration } from '@millrace/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../harness/broker-process.ts';
import { execute } from '../harness/execute.ts';
import { freePort } from '../harness/process.ts';
import { ServerProcess } from '../harness/server-process.ts';

/**
 * Several servers on one Kafka, of one cluster: what one of them defines the others have, each view runs on one of them, and another
 * takes it over when that one is killed, or sleeps for longer than its session. On the broker that `KAFKA_BROKERS` names, else on an
 * embedded one in a process of its own. The tests run side by side: most of the time they wait for sessions to end.
 */
const run = `c${process.pid}x${Date.now() % 100_000}`;
const folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-'));
/** As servers have it; what a dead one had is taken over then. */
const sessionTimeoutMs = 10_000;
let brokers: string;
let broker: BrokerProcess | undefined;
let client: KafkaClient;
let producer: Producer;

/** Asks until the answer is as it is to become. */
async function eventually<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean, withinMs = 20_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`after ${withinMs} ms it is still ${JSON.stringify(answer)}`);
    await delay(systemClock, 20);
  }
}

interface ViewStatus {
  readonly name: string;
  readonly state: string;
  readonly lag: string;
  readonly error: string;
  readonly server: string;
}
async function viewsOf(url: string): Promise<ViewStatus[]> {
  const rows = await execute(url, 'SHOW MATERIALIZED VIEWS');
  return rows.map((row) => {
    const cells = row.split('\t');
    return { name: cells[0]!, state: cells[1]!, lag: cells[2]!, error: cells[5]!, server: cells.at(-1)! };
  });
}
/** With what it has ended with, if it has. */
async function stateOf(url: string, view: string): Promise<string> {
  const status = (await viewsOf(url)).find(({ name }) => name === view);
  return status?.state === 'error' ? `error: ${status.error}` : (status?.state ?? 'unknown');
}

beforeAll(async () => {
  if (process.env['KAFKA_BROKERS'] === undefined) broker = await BrokerProcess.start(join(folder, 'broker'));
  brokers = process.env['KAFKA_BROKERS'] ?? broker!.address;
  client = new KafkaClient({ brokers: brokers.split(','), clientId: 'test' });
  producer = openProducer(client, { lingerMs: 5, deliveryTimeoutMs: 60_000 });
});
afterAll(async () => {
  await producer?.close().catch(() => {});
  await client?.close();
  await broker?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe.concurrent('two servers of a cluster', () => {
  it('have the same streams and views, and share the running of these', async () => {
    const servers = await Promise.all(
      ['one', 'two'].map((name) =>
        createServer(
          loadConfiguration({
            workingDirectory: folder,
            flags: {
              data_dir: join(folder, name),
              'http.port': 0,
              'kafka.brokers': brokers,
              timezone: 'UTC',
              cluster: `in-process-${run}`,
            },
          }),
          { engine: { inProcess: true } },
        ),
      ),
    );
    const [one, two] = servers.map(({ url }) => url) as [string, string];
    const both = [one, two];
    const source = `readings_${run}`;
    try {
      await execute(one, `CREATE STREAM ${source} (id int64)`);
      // A definition that builds on another one may follow it at once, on any server.
      await execute(two, `CREATE VIEW all_${run} AS SELECT id FROM ${source}`);
      await execute(one, `DROP VIEW all_${run}`);

      const race = await Promise.allSettled(both.map((url) => execute(url, `CREATE VIEW raced_${run} AS SELECT id FROM ${source}`)));
      expect(race.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(String((race.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason)).toContain('exists already');
      await execute(two, `DROP VIEW raced_${run}`);
      for (let round = 0; round < 8; round++) {
        const [stream, view] = [`raced${round}_${run}`, `reader${round}_${run}`];
        await execute(both[round % 2]!, `CREATE STREAM ${stream} (id int64)`);
        const [created, dropped] = await Promise.allSettled([
          execute(one, `CREATE VIEW ${view} AS SELECT id FROM ${stream}`),
          execute(two, `DROP STREAM ${stream}`),
        ]);
        expect([created.status, dropped.status].sort()).toEqual(['fulfilled', 'rejected']);
        if (created.status === 'fulfilled') for (const what of [`VIEW ${view}`, `STREAM ${stream}`]) await execute(two, `DROP ${what}`);
      }

      // Until each of them runs one: whose turn it is a hash of their names says.
      const views: string[] = [];
      const owners = new Set<string>();
      while (owners.size < 2 && views.length < 40) {
        const name = `copy${views.length}_${run}`;
        await execute(both[views.length % 2]!, `CREATE MATERIALIZED VIEW ${name} AS SELECT id FROM ${source}`);
        views.push(name);
        for (const url of both)
          await eventually(
            () => stateOf(url, name),
            (state) => state === 'running' || state === 'standby',
          );
        const owner = (await eventually(
          async () => (await viewsOf(one)).find((view) => view.name === name)!.server,
          (server) => server !== '',
        ))!;
        owners.add(owner);
      }
      expect(owners.size).toBe(2);
      for (const name of views) {
        const states = await eventually(
          () => Promise.all(both.map((url) => stateOf(url, name))),
          (of) => of.toSorted().join() === 'running,standby',
        );
        expect(states).toHaveLength(2);
      }

      await execute(one, `INSERT INTO ${source} VALUES (1), (2), (3)`);
      for (const url of both) {
        await execute(url, 'FLUSH');
        for (const name of views) expect(await execute(url, `SELECT sum(id) FROM table(${name})`)).toEqual(['6']);
        for (const { lag } of await viewsOf(url)) expect(lag).toBe('0');
      }

      const [paused] = views as [string];
      await execute(one, `SYSTEM PAUSE MATERIALIZED VIEW ${paused}`);
      await eventually(
        () => Promise.all(both.map((url) => stateOf(url, paused))),
        (states) => states.every((state) => state === 'paused'),
      );
      await execute(two, `INSERT INTO ${source} VALUES (4)`);
      await execute(two, `SYSTEM UNPAUSE MATERIALIZED VIEW ${paused}`);
      await execute(one, 'FLUSH');
      expect(await execute(one, `SELECT id FROM table(${paused})`)).toEqual(['1', '2', '3', '4']);

      await expect(execute(two, `DROP STREAM ${source}`)).rejects.toThrow('630');
      for (const [i, name] of views.entries()) await execute(both[(i + 1) % 2]!, `DROP VIEW ${name}`);
      await execute(two, `DROP STREAM ${source}`);
      await eventually(
        () => execute(one, 'SHOW STREAMS'),
        (streams) => !streams.includes(source),
      );
      expect(await viewsOf(one)).toEqual([]);
      expect(await execute(one, 'SHOW VIEWS')).toEqual(await execute(two, 'SHOW VIEWS'));
    } finally {
      for (const server of servers) await server.close();
    }
    const alone = loadConfiguration({ workingDirectory: folder, flags: { data_dir: join(folder, 'one'), 'kafka.brokers': brokers } });
    await expect(createServer(alone)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('belongs to the cluster'),
    });
  }, 180_000);
});

describe.concurrent('a server of a cluster whose broker is away', () => {
  it.skipIf(process.env['KAFKA_BROKERS'] !== undefined)(
    'starts with what it knew, refuses definitions, and goes on when it is back',
    async () => {
      const dataDirectory = join(folder, 'away-broker');
      const port = await freePort();
      const openBroker = async () => {
        const opened = new Broker({ dataDirectory, port });
        await opened.open();
        return opened;
      };
      const openServer = () =>
        createServer(
          loadConfiguration({
            workingDirectory: folder,
            flags: { data_dir: join(folder, 'away'), 'http.port': 0, 'kafka.brokers': `127.0.0.1:${port}`, cluster: run, timezone: 'UTC' },
          }),
          { engine: { inProcess: true } },
        );
      const before = await openBroker();
      const first = await openServer();
      await execute(first.url, 'CREATE STREAM readings (id int64)');
      await execute(first.url, 'CREATE MATERIALIZED VIEW copies AS SELECT id FROM readings');
      await first.close();
      await before.close();

      const second = await openServer();
      let after: Broker | undefined;
      try {
        expect(await execute(second.url, 'SHOW STREAMS')).toEqual(['readings']);
        const began = performance.now();
        await expect(execute(second.url, 'CREATE VIEW some AS SELECT id FROM readings')).rejects.toThrow(
          /cannot be changed now: .*nothing has changed/,
        );
        expect(performance.now() - began).toBeLessThan(15_000);
        after = await openBroker();
        await execute(second.url, 'CREATE VIEW some AS SELECT id FROM readings');
        await execute(second.url, 'INSERT INTO readings VALUES (1), (2)');
        await execute(second.url, 'FLUSH');
        expect(await execute(second.url, 'SELECT id FROM table(copies)')).toEqual(['1', '2']);
      } finally {
        await second.close();
        await after?.close();
      }
    },
    120_000,
  );
});

const windowMs = 1000;
/** Event time moves by so much a row. */
const stepMs = 10;
const startMs = Date.UTC(2026, 0, 1);

/** Writes rows, in order, until told to stop. */
class Writer {
  readonly #topic: string;
  #isStopped = false;
  count = 0;

  constructor(topic: string) {
    this.#topic = topic;
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      await this.write(20);
      await delay(systemClock, 20);
    }
  }

  async write(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const id = this.count++;
      const at = startMs + id * stepMs;
      const text = new Date(at).toISOString().replace('T', ' ').replace('Z', '');
      const room = producer.append(this.#topic, 0, at, null, Buffer.from(JSON.stringify({ id, at: text })));
      if (room) await room;
    }
  }

  stop(): void {
    this.#isStopped = true;
  }
}

describe.concurrent('the views of a cluster', () => {
  it('go on elsewhere, no row lost or doubled, when a server that runs some is killed, and one sleeps and wakes up', async () => {
    const source = `source_${run}`;
    const windows = `windows_${run}`;
    const servers = ['left', 'middle', 'right'].map(
      (name) => new ServerProcess(join(folder, name), ['--brokers', brokers, '--cluster', run]),
    );
    await Promise.all(servers.map((server) => server.start()));
    const urlOf = (i: number) => servers[i]!.url;
    /** The one of these servers that runs a view. */
    const ownerAmong = (candidates: readonly ServerProcess[], view: string): Promise<ServerProcess> => {
      const asked = eventually(
        () => Promise.all(candidates.map(({ url }) => stateOf(url, view))),
        (states) => states.filter((state) => state === 'running').length === 1,
        3 * sessionTimeoutMs,
      );
      return asked.then((states) => candidates[states.indexOf('running')]!);
    };
    const writer = new Writer(source);
    const rows: string[] = [];
    try {
      await execute(urlOf(0), `CREATE STREAM ${source} (id int64, at datetime64(3, 'UTC')) SETTINGS event_time_column = 'at'`);
      const settings = "SETTINGS seek_to = 'earliest', idle_timeout = 0, commit_interval = '50ms'";
      await execute(
        urlOf(1),
        `CREATE MATERIALIZED VIEW ${windows} AS SELECT window_start, count() AS n, sum(id) AS s FROM tumble(${source}, at, 1s)
         GROUP BY window_start EMIT AFTER WATERMARK ${settings}`,
      );
      const victim = await ownerAmong(servers, windows);
      let sleeper = victim;
      while (sleeper === victim) {
        rows.push(`rows${rows.length}_${run}`);
        await execute(urlOf(0), `CREATE MATERIALIZED VIEW ${rows.at(-1)} AS SELECT id FROM ${source} ${settings}`);
        sleeper = await ownerAmong(servers, rows.at(-1)!);
      }
      const heir = servers.find((server) => server !== victim && server !== sleeper)!;
      const writing = writer.run();
      await eventually(
        () => execute(heir.url, `SELECT count() FROM table(${windows})`),
        ([count]) => count !== '0',
      );

      victim.signal('SIGKILL');
      sleeper.signal('SIGSTOP');
      const begin = performance.now();
      await Promise.all([windows, rows.at(-1)!].map((view) => ownerAmong([heir], view)));
      const takeOverMs = Math.round(performance.now() - begin);
      // Awake, it believes that it runs its view, until the group or a commit tells it otherwise.
      sleeper.signal('SIGCONT');
      await victim.stop('SIGKILL');
      await victim.start();
      for (const view of [windows, ...rows]) await ownerAmong(servers, view);
      writer.stop();
      await writing;
      // The last windows close by rows behind them.
      await writer.write(500);
      await producer.flush();

      const ids = Array.from({ length: writer.count }, (_, id) => id);
      const closed = Map.groupBy(ids, (id) => Math.floor((id * stepMs) / windowMs));
      closed.delete(Math.floor(((writer.count - 1) * stepMs) / windowMs));
      for (const { url } of servers) await execute(url, 'FLUSH');
      for (const view of rows)
        expect((await execute(urlOf(0), `SELECT id FROM table(${view})`)).map(Number).sort((a, b) => a - b)).toEqual(ids);
      expect(await execute(urlOf(0), `SELECT n, s FROM table(${windows}) ORDER BY window_start`)).toEqual(
        [...closed.values()].map((of) => `${of.length}\t${of.reduce((sum, id) => sum + id, 0)}`),
      );
      console.log(`taken over after ${takeOverMs} ms; ${writer.count} rows, ${closed.size} windows, ${rows.length + 1} views`);

      // Who leaves hands over at once.
      const leaving = await ownerAmong(servers, windows);
      const staying = servers.filter((server) => server !== leaving);
      const left = performance.now();
      await leaving.stop();
      await ownerAmong(staying, windows);
      expect(performance.now() - left).toBeLessThan(sessionTimeoutMs);
      const [{ url }] = staying as [ServerProcess];
      for (const view of [windows, ...rows]) await execute(url, `DROP VIEW ${view}`);
      await execute(url, `DROP STREAM ${source}`);
    } finally {
      writer.stop();
      for (const server of servers) server.signal('SIGCONT');
      await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    }
  }, 180_000);
});
