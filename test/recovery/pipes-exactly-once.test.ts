import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay, SeededRandom, systemClock } from '@millrace/core';
import { KafkaClient, listOffsets, openProducer, type Producer } from '@millrace/kafka-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../harness/broker-process.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { RowWriter } from './windowed-rows.ts';

/**
 * A pipe copies a stream into another one while its server is killed at random moments, now and then together with the broker. A processor
 * numbers the rows of each partition by its state. In the end the copy must hold each row exactly once, in the order of its partition, and the
 * numbers must have no gap: records, progress and state are one transaction.
 * On the broker that `KAFKA_BROKERS` names, else on an embedded one in a process of its own.
 */
const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined;
const killCount = isLong ? 200 : 10;
const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_402);
const random = new SeededRandom(seed);
const run = `r${process.pid}x${Date.now() % 100_000}`;
const [source, copy, pipe] = [`source_${run}`, `copy_${run}`, `pipe_${run}`];
const partitionCount = 2;

const folder = mkdtempSync(join(tmpdir(), 'millrace-pipes-'));
const isApacheKafka = process.env['KAFKA_BROKERS'] !== undefined;
let broker: BrokerProcess | undefined;
let server: ServerProcess;
let client: KafkaClient;
let producer: Producer;

const execute = (sql: string) => server.execute(sql);

beforeAll(async () => {
  if (!isApacheKafka) broker = await BrokerProcess.start(join(folder, 'broker'));
  const brokers = process.env['KAFKA_BROKERS'] ?? broker!.address;
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

/** Records of the copy, those of open and aborted transactions and marks of their ends too. */
async function copied(): Promise<number> {
  const ends = await listOffsets(client, copy, [...Array(partitionCount).keys()], 'latest');
  return ends.reduce((sum, end) => sum + end, 0);
}

/** Waits until the pipe has written something since then. */
async function untilBeyond(before: number): Promise<void> {
  while ((await copied()) <= before) await delay(systemClock, 20);
}

async function untilDelivered(): Promise<void> {
  for (;;) {
    const [shown] = await execute(`SHOW PIPE ${pipe}`);
    const [, , state, , , , exception, remaining] = shown!.split('\t');
    if (state !== 'RUNNING') throw new Error(`the pipe is ${state}: ${exception}`);
    if (remaining === '0') return;
    await delay(systemClock, 50);
  }
}

describe('a pipe into a topic of the same cluster', () => {
  it(
    `delivers each row exactly once and in order, though its server is killed ${killCount} times`,
    async () => {
      await execute(
        `CREATE STREAM ${source} (id int64, device string, v int64, at datetime64(3, 'UTC')) SETTINGS shards = ${partitionCount}`,
      );
      await execute(`CREATE STREAM ${copy} (id int64, n int64) SETTINGS shards = ${partitionCount}`);
      const expression = "(state.set('n', (state.get('n') ?? 0) + 1), { id: row.id, n: state.get('n') })";
      await execute(
        `CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern' = 'root.${source}.')
         WITH PROCESSOR ('processor' = 'js-processor', 'expression' = '${expression.replaceAll("'", "''")}')
         WITH CONNECTOR ('connector' = 'kafka-connector', 'topic' = '${copy}', 'partition' = 'source')`,
      );
      await execute(`START PIPE ${pipe}`);
      const writer = new RowWriter(producer, source, partitionCount, random);
      const writing = writer.run();
      for (let kill = 0; kill < killCount; kill++) {
        writer.allow(4_000);
        // Now and then it is killed while it starts, else while its pipe runs.
        if (kill % 4 !== 3) await untilBeyond(await copied());
        await delay(systemClock, 100 + random.below(700));
        await server.stop('SIGKILL');
        if (!isApacheKafka && kill % 5 === 4) {
          await broker!.stop('SIGKILL');
          broker = await BrokerProcess.start(join(folder, 'broker'), broker!.port);
        }
        await server.start();
      }
      await writer.finish();
      await writing;
      await untilDelivered();

      const rows = (await execute(`SELECT _tp_shard, n, id FROM table(${copy})`)).map((row) => row.split('\t').map(Number));
      expect(rows).toHaveLength(writer.rows.length);
      for (const [partition, written] of writer.written.entries()) {
        const found = rows.filter(([shard]) => shard === partition);
        expect(found.map(([, n]) => n)).toEqual(written.map((_, index) => index + 1));
        expect(found.map(([, , id]) => id)).toEqual(written.map(({ id }) => id));
      }
      console.log(`${killCount} kills, ${rows.length} rows, ${(await copied()) - rows.length} records besides, seed ${seed}`);
      await execute(`DROP PIPE ${pipe}; DROP STREAM ${copy}; DROP STREAM ${source}`);
    },
    isLong ? 1_800_000 : 300_000,
  );
});
