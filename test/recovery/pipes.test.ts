import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { delay, SeededRandom, systemClock } from '@millrace/core';
import { KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../harness/broker-process.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { HttpTarget } from '../pipes/http-target.ts';

/**
 * A server that runs pipes is killed at random moments while their source is written to, and started again on its directory; so are the
 * target that one of them delivers to, and the worker that runs the plugin of another. In the end each target holds every row: those of a
 * key in their order where the connector is synchronous, and of a topic of the same brokers each of them once.
 * On the broker that `KAFKA_BROKERS` names, else on an embedded one in a process of its own.
 */
const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined;
const killCount = Number(process.env['MILLRACE_TEST_KILLS'] ?? (isLong ? 200 : 10));
const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_401);
const random = new SeededRandom(seed);
const run = `r${process.pid}x${Date.now() % 100_000}`;
const source = `piped_${run}_`;
const copy = `copied_${run}_`;
const partitionCount = 3;
const keys = 12;

const folder = mkdtempSync(join(tmpdir(), 'millrace-pipe-kills-'));
/** While this file is there, the plugin ends its worker. */
const mark = join(folder, 'die');
let broker: BrokerProcess | undefined;
let server: ServerProcess;
let client: KafkaClient;
let producer: Producer;
let direct: HttpTarget;
let behindPlugin: HttpTarget;

const execute = (sql: string) => server.execute(sql);

beforeAll(async () => {
  if (process.env['KAFKA_BROKERS'] === undefined) broker = await BrokerProcess.start(join(folder, 'broker'));
  const brokers = process.env['KAFKA_BROKERS'] ?? broker!.address;
  client = new KafkaClient({ brokers: brokers.split(','), clientId: 'test' });
  producer = openProducer(client, { lingerMs: 5, deliveryTimeoutMs: 120_000 });
  [direct, behindPlugin] = await Promise.all([HttpTarget.open(), HttpTarget.open()]);
  server = new ServerProcess(join(folder, 'server'), ['--brokers', brokers]);
  await server.start();
}, 120_000);
afterAll(async () => {
  await producer?.close().catch(() => {});
  await client?.close();
  await server?.stop();
  await broker?.stop('SIGKILL');
  await Promise.all([direct?.goAway(), behindPlugin?.goAway()]);
  rmSync(folder, { recursive: true, force: true });
});

const mortal = `
import { existsSync, rmSync } from 'node:fs';
import { a, defineProcessor } from '@millrace/sdk';
export default defineProcessor({
  name: 'mortal',
  summary: 'Ends its worker where it finds a mark.',
  attributes: a.object({ mark: a.string() }),
  open: ({ attributes }) => attributes.mark,
  map: (row, mark) => {
    if (existsSync(mark)) {
      rmSync(mark);
      process.exit(1);
    }
    return row;
  },
});
`;

/** Writes rows whose ids count up in each partition; a key has its partition. */
class Writer {
  readonly ids: number[][] = Array.from({ length: partitionCount }, () => []);
  #isOver = false;
  #next = 0;

  async write(): Promise<void> {
    while (!this.#isOver) {
      await Promise.all(this.ids.map((ids, partition) => this.#writeTo(ids, partition)));
      await delay(systemClock, 20);
    }
  }

  end(): void {
    this.#isOver = true;
  }

  async #writeTo(ids: number[], partition: number): Promise<void> {
    const count = 1 + random.below(5);
    const rows = Array.from({ length: count }, () => {
      const id = this.#next++;
      const key = `k${partition + partitionCount * random.below(keys / partitionCount)}`;
      ids.push(id);
      return { timestampMs: Date.now(), key: Buffer.from(key), value: Buffer.from(JSON.stringify({ k: key, id })) };
    });
    await producer.sendBatch(source, partition, encodeBatch(rows));
  }
}

async function kill(kind: number): Promise<string> {
  if (kind === 1) {
    const target = random.below(2) === 0 ? direct : behindPlugin;
    await target.goAway();
    await delay(systemClock, random.below(1500));
    await target.comeBack();
    return 'target';
  }
  if (kind === 2) {
    writeFileSync(mark, '');
    while (existsSync(mark)) await delay(systemClock, 20);
    return 'worker';
  }
  await server.stop('SIGKILL');
  await server.start();
  return 'server';
}

async function untilDelivered(pipe: string): Promise<void> {
  const deadlineMs = Date.now() + 90_000;
  for (;;) {
    const shown = (await execute(`SHOW PIPE ${pipe}`))[0]!;
    const [, , state, , , , , remaining] = shown.split('\t');
    if (state === 'RUNNING' && remaining === '0') return;
    if (Date.now() > deadlineMs) throw new Error(`it does not deliver everything: ${shown}`);
    await delay(systemClock, 50);
  }
}

/** The values in the order in which each has come first. */
const firsts = (values: readonly number[]) => [...new Set(values)];
const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);

function checkTarget({ arrived }: HttpTarget, written: readonly number[]): void {
  expect(ascending(firsts(arrived.map(({ row }) => Number(row['id']))))).toEqual(written);
  for (const rows of Map.groupBy(arrived, ({ row }) => row['k']).values()) {
    const inOrder = firsts(rows.map(({ row }) => Number(row['id'])));
    expect(inOrder).toEqual(ascending(inOrder));
  }
}

describe('pipes', () => {
  it(
    `deliver every row, in order, and into topics exactly once, through ${killCount} kills of server, targets and workers`,
    async () => {
      await execute(`CREATE STREAM ${source} (k string, id int64) PRIMARY KEY (k) SETTINGS shards = ${partitionCount}`);
      await execute(`CREATE STREAM ${copy} (k string, id int64) PRIMARY KEY (k) SETTINGS shards = ${partitionCount}`);
      const plugin = join(folder, 'mortal.mjs');
      writeFileSync(plugin, mortal);
      await execute(`CREATE PIPEPLUGIN mortal_${run} AS 'default' USING URI '${pathToFileURL(plugin).href}'`);
      const pipes = {
        direct: direct.connector,
        plugin: `WITH PROCESSOR ('processor'='mortal_${run}', 'mark'='${mark}') ${behindPlugin.connector}`,
        topic: `WITH CONNECTOR ('connector'='kafka-connector', 'topic'='${copy}', 'partition'='source')`,
      };
      for (const [name, stages] of Object.entries(pipes))
        await execute(
          `CREATE PIPE ${name} WITH EXTRACTOR ('pattern'='root.${source}.', 'auto.restart'='true') ${stages}; START PIPE ${name}`,
        );
      const writer = new Writer();
      const writing = writer.write();
      const kills: Record<string, number> = {};
      for (let i = 0; i < killCount; i++) {
        await delay(systemClock, 100 + random.below(1200));
        const what = await kill(i % 5 === 1 ? 1 : i % 5 === 3 ? 2 : 0);
        kills[what] = (kills[what] ?? 0) + 1;
      }
      const killedMs = performance.now();
      writer.end();
      await writing;
      for (const name of Object.keys(pipes)) await untilDelivered(name);

      const settleMs = Math.round(performance.now() - killedMs);
      const written = ascending(writer.ids.flat());
      checkTarget(direct, written);
      checkTarget(behindPlugin, written);
      const copied = (await execute(`SELECT _tp_shard, id FROM table(${copy})`)).map((row) => row.split('\t').map(Number));
      expect(ascending(copied.map(([, id]) => id!))).toEqual(written);
      for (const [partition, ids] of writer.ids.entries())
        expect(copied.filter(([shard]) => shard === partition).map(([, id]) => id)).toEqual(ids);
      const again = direct.arrived.length + behindPlugin.arrived.length - 2 * written.length;
      console.log(
        `kills: ${JSON.stringify(kills)}; ${written.length} rows, ${again} of them delivered again, all there after ${settleMs} ms, seed ${seed}`,
      );
    },
    isLong ? 3_600_000 : 240_000,
  );
});
