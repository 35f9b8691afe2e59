import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { delay, SeededRandom, systemClock } from '@millrace/core';
import { KafkaClient, listOffsets, openProducer, type Producer } from '@millrace/kafka-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../harness/broker-process.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { RowWriter } from './windowed-rows.ts';

/**
 * Pipes read one stream while their server is killed at random moments, now and then together with the broker. Into a topic of the same cluster
 * each row must come exactly once and in the order of its partition; a processor numbers the rows of each partition by its state, and the
 * numbers must have no gap: records, progress and state are one transaction. Into files each row must come at least once, in whole lines and
 * in order; into an SQLite table with a key each row must be there.
 * On the broker that `KAFKA_BROKERS` names, else on an embedded one in a process of its own.
 */
const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined;
const killCount = isLong ? 100 : 5;
const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_402);
const random = new SeededRandom(seed);
const run = `r${process.pid}x${Date.now() % 100_000}`;
const [source, copy] = [`source_${run}`, `copy_${run}`];
const [toTopic, toFiles, toTable] = [`topic_${run}`, `files_${run}`, `table_${run}`];
const pipes = [toTopic, toFiles, toTable];
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

async function untilDelivered(pipe: string): Promise<void> {
  for (;;) {
    const [shown] = await execute(`SHOW PIPE ${pipe}`);
    const [, , state, , , , exception, remaining] = shown!.split('\t');
    if (state !== 'RUNNING') throw new Error(`the pipe ${pipe} is ${state}: ${exception}`);
    if (remaining === '0') return;
    await delay(systemClock, 50);
  }
}

const linesPath = join(folder, 'lines-{partition}.ndjson');
const tablePath = join(folder, 'rows.db');

async function startPipes(): Promise<void> {
  const extractor = `WITH EXTRACTOR ('pattern' = 'root.${source}.')`;
  const expression = "(state.set('n', (state.get('n') ?? 0) + 1), { id: row.id, n: state.get('n') })".replaceAll("'", "''");
  await execute(
    `CREATE PIPE ${toTopic} ${extractor} WITH PROCESSOR ('processor' = 'js-processor', 'expression' = '${expression}')
     WITH CONNECTOR ('connector' = 'kafka-connector', 'topic' = '${copy}', 'partition' = 'source')`,
  );
  await execute(`CREATE PIPE ${toFiles} ${extractor} WITH CONNECTOR ('connector' = 'file-connector', 'path' = '${linesPath}')`);
  await execute(
    `CREATE PIPE ${toTable} ${extractor} WITH CONNECTOR ('connector' = 'sqlite-connector', 'file' = '${tablePath}', 'table' = 'rows', 'key' = 'id')`,
  );
  for (const pipe of pipes) await execute(`START PIPE ${pipe}`);
}

/** Rows of the copy by partition: number and id of each. */
async function copiedRows(): Promise<number[][][]> {
  const rows = (await execute(`SELECT _tp_shard, n, id FROM table(${copy})`)).map((row) => row.split('\t').map(Number));
  return [...Array(partitionCount).keys()].map((partition) => rows.filter(([shard]) => shard === partition).map(([, ...row]) => row));
}

/** Ids in the file of a partition, in its order. */
function idsInFile(partition: number): number[] {
  const lines = readFileSync(linesPath.replace('{partition}', String(partition)), 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => (JSON.parse(line) as { id: number }).id);
}

function idsInTable(): number[] {
  const database = new DatabaseSync(tablePath, { readOnly: true });
  try {
    return database
      .prepare('SELECT id FROM rows ORDER BY id')
      .all()
      .map(({ id }) => Number(id));
  } finally {
    database.close();
  }
}

describe('pipes', () => {
  it(
    `deliver each row, into a topic exactly once, though their server is killed ${killCount} times`,
    async () => {
      await execute(
        `CREATE STREAM ${source} (id int64, device string, v int64, at datetime64(3, 'UTC')) SETTINGS shards = ${partitionCount}`,
      );
      await execute(`CREATE STREAM ${copy} (id int64, n int64) SETTINGS shards = ${partitionCount}`);
      await startPipes();
      const writer = new RowWriter(producer, source, partitionCount, random);
      const writing = writer.run();
      for (let kill = 0; kill < killCount; kill++) {
        writer.allow(4_000);
        // Now and then it is killed while it starts, else while its pipe runs.
        if (kill % 4 !== 3) await untilBeyond(await copied());
        await delay(systemClock, 100 + random.below(700));
        await server.stop('SIGKILL');
        if (!isApacheKafka && kill % 5 === 2) {
          await broker!.stop('SIGKILL');
          broker = await BrokerProcess.start(join(folder, 'broker'), broker!.port);
        }
        await server.start();
      }
      await writer.finish();
      await writing;
      for (const pipe of pipes) await untilDelivered(pipe);

      const copies = await copiedRows();
      let again = 0;
      for (const [partition, written] of writer.written.entries()) {
        const ids = written.map(({ id }) => id);
        expect(copies[partition]).toEqual(ids.map((id, index) => [index + 1, id]));
        const found = idsInFile(partition);
        expect([...new Set(found)]).toEqual(ids);
        again += found.length - ids.length;
      }
      const ids = writer.rows.map(({ id }) => id).sort((a, b) => a - b);
      expect(idsInTable()).toEqual(ids);
      console.log(`${killCount} kills, ${ids.length} rows, ${again} of them more than once in files, seed ${seed}`);
      for (const pipe of pipes) await execute(`DROP PIPE ${pipe}`);
      await execute(`DROP STREAM ${copy}; DROP STREAM ${source}`);
    },
    isLong ? 1_800_000 : 300_000,
  );
});
