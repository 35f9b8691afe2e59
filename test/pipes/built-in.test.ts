import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestServer } from '../harness/server.ts';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

let world: PipeWorld;
let kafka: KafkaClient;
let producer: Producer;
let stream: string;
let pipe: string;

beforeAll(async () => {
  world = await openPipeWorld();
  kafka = new KafkaClient({ brokers: world.brokers, clientId: 'test' });
  producer = openProducer(kafka);
});
afterAll(async () => {
  await producer.close();
  await kafka.close();
  await world.close();
});

beforeEach(async () => {
  stream = freshName('s');
  pipe = freshName('p');
  world.target.arrived.length = 0;
  await world.execute(`CREATE STREAM ${stream} (k string, v int32) PRIMARY KEY (k)`);
});

type Attributes = Readonly<Record<string, string>>;

const listOf = (attributes: Attributes) =>
  Object.entries(attributes)
    .map(([key, value]) => `'${key}'='${value.replaceAll("'", "''")}'`)
    .join(', ');

async function startPipe(connector: Attributes, processor?: Attributes): Promise<void> {
  const middle = processor === undefined ? '' : `WITH PROCESSOR (${listOf(processor)})`;
  await world.execute(`CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${stream}.') ${middle} WITH CONNECTOR (${listOf(connector)})`);
  await world.execute(`START PIPE ${pipe}`);
}

/** A record without value. */
async function deleteKey(key: string): Promise<void> {
  const topic = await world.topicOf(stream);
  await producer.sendBatch(topic, 0, encodeBatch([{ timestampMs: Date.now(), key: Buffer.from(key), value: null }]));
}

/** `k v` of each row, in order of v. */
const rowsOf = (name: string, execute = world.execute) => execute(`SELECT k, v FROM table(${name}) ORDER BY v`);

const insertAb = () => world.execute(`INSERT INTO ${stream} (k, v) VALUES ('a', 1), ('b', 2)`);

describe('the Kafka connector', () => {
  it.each([
    ["into the server's own cluster", () => ({})],
    ['into a cluster that is named', () => ({ brokers: world.brokers.join(',') })],
  ])('writes rows and deletions %s', async (_, more) => {
    const copy = freshName('copy');
    await world.execute(`CREATE STREAM ${copy} (k string, v int32) PRIMARY KEY (k)`);
    await insertAb();
    await startPipe({ connector: 'kafka-connector', topic: await world.topicOf(copy), ...more() });
    await world.untilDelivered(pipe);
    await insertAb();
    await deleteKey('a');
    await world.untilDelivered(pipe);
    expect(await rowsOf(copy)).toEqual(['a\t1', 'a\t1', 'b\t2', 'b\t2']);
    expect(
      await world.execute(`SELECT _tp_message_key, _tp_message_headers['millrace.clusters'] <> '' FROM table(${copy}) LIMIT 1`),
    ).toEqual(['a\ttrue']);
    const times = (name: string) => world.execute(`SELECT k, _tp_time FROM table(${name}) ORDER BY _tp_time, k`);
    expect(await times(copy)).toEqual(await times(stream));
  });

  // The node of Apache Kafka that tests start makes no topics of itself: there the pipe stops and says so.
  it.skipIf(process.env['KAFKA_BROKERS'] !== undefined).each([
    ['its own cluster', () => ({})],
    ['a cluster that is named', () => ({ brokers: world.brokers.join(',') })],
  ])('has a topic made that is not there in %s', async (_, more) => {
    const topic = freshName('fresh');
    await insertAb();
    await startPipe({ connector: 'kafka-connector', topic, ...more() });
    await world.untilDelivered(pipe);
    const copy = freshName('copy');
    await world.execute(`CREATE STREAM ${copy} (k string, v int32) SETTINGS topic='${topic}'`);
    expect(await rowsOf(copy)).toEqual(['a\t1', 'b\t2']);
  });
});

describe('the Millrace connector', () => {
  it('makes the stream over there and writes rows into it', async () => {
    const there = await openTestServer();
    try {
      const copy = freshName('copy');
      await insertAb();
      await startPipe({
        connector: 'millrace-connector',
        hosts: new URL(there.url).host,
        stream: copy,
        'create-streams': 'true',
      });
      await world.untilDelivered(pipe);
      await insertAb();
      await world.untilDelivered(pipe);
      expect(await rowsOf(copy, there.execute)).toEqual(['a\t1', 'a\t1', 'b\t2', 'b\t2']);
      const times = (name: string, execute: typeof world.execute) => execute(`SELECT k, _tp_time FROM table(${name}) ORDER BY _tp_time, k`);
      expect(await times(copy, there.execute)).toEqual(await times(stream, world.execute));
    } finally {
      await there.close();
    }
  });

  it('keeps every value, whatever its type and the time zone over there', async () => {
    const there = await openTestServer(undefined, { timezone: 'Asia/Tokyo' });
    try {
      const columns = `i int64, u uint64, f float64, b bool, s string, d date, t datetime, z datetime64(3, 'Europe/Berlin'), n datetime64(9),
        l array(int64), m map(string, uint64), o nullable(int32), p tuple(int64, string)`;
      const values = `-9007199254740993, 18446744073709551615, 0.1, true, 'ä"\\n', '2024-02-29', '2024-02-29 12:00:00',
        '2024-02-29 12:00:00.125', '1969-12-31 23:59:59.999999999', [1, -9007199254740993], map('k', 9007199254740993), NULL, (9007199254740993, 'x')`;
      const [all, copy] = [freshName('all'), freshName('copy')];
      await world.execute(`CREATE STREAM ${all} (${columns})`);
      await there.execute(`CREATE STREAM ${copy} (${columns})`);
      await world.execute(`INSERT INTO ${all} VALUES (${values})`);
      await world.execute(`INSERT INTO ${all} (f) VALUES (0 / 0), (-1 / 0), (-0.0)`);
      await world.execute(
        `CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${all}.')
         WITH CONNECTOR ('connector'='millrace-connector', 'hosts'='${new URL(there.url).host}', 'stream'='${copy}'); START PIPE ${pipe}`,
      );
      await world.untilDelivered(pipe);
      const asTicks = 'i, u, f, b, s, d, to_int64(t), z, to_int64(n), l, m, o, p, to_int64(_tp_time), 1 / f';
      const expected = await world.execute(`SELECT ${asTicks} FROM table(${all})`);
      expect(expected).toHaveLength(4);
      expect(await there.execute(`SELECT ${asTicks} FROM table(${copy})`)).toEqual(expected);
    } finally {
      await there.close();
    }
  });

  it('singles out a row that the stream over there does not take', async () => {
    const there = await openTestServer();
    try {
      const copy = freshName('copy');
      await there.execute(`CREATE STREAM ${copy} (k string, v int8)`);
      await world.execute(`INSERT INTO ${stream} (k, v) VALUES ('a', 1), ('b', 2), ('c', 300), ('d', 4)`);
      const hosts = new URL(there.url).host;
      await startPipe({ connector: 'millrace-connector', hosts, stream: copy, 'on.error': 'dead-letter' });
      await world.untilDelivered(pipe);
      expect(await rowsOf(copy, there.execute)).toEqual(['a\t1', 'b\t2', 'd\t4']);
      const letters = await world.execute(`SHOW DEAD LETTERS FOR PIPE ${pipe}`);
      expect(letters).toHaveLength(1);
      expect(letters[0]).toContain('300');
    } finally {
      await there.close();
    }
  });
});

describe('the file connector', () => {
  it('appends rows of all kinds as lines', async () => {
    const path = join(world.directory, '{stream}', '{partition}.ndjson');
    await insertAb();
    await startPipe({ connector: 'file-connector', path });
    await world.untilDelivered(pipe);
    await insertAb();
    await world.untilDelivered(pipe);
    const lines = readFileSync(join(world.directory, stream, '0.ndjson'), 'utf8')
      .trimEnd()
      .split('\n');
    const found = lines.map((line) => JSON.parse(line) as { k: string; v: number }).map(({ k, v }) => `${k}${v}`);
    expect(found).toEqual(['a1', 'b2', 'a1', 'b2']);
  });
});

describe('the SQLite connector', () => {
  it('keeps the last row of each key, and none of a key that was deleted', async () => {
    const file = join(world.directory, `${stream}.db`);
    await insertAb();
    await startPipe({ connector: 'sqlite-connector', file, key: 'k', table: 'rows of {stream}' });
    await world.execute(`INSERT INTO ${stream} (k, v) VALUES ('a', 3), ('c', 4)`);
    await deleteKey('b');
    await world.untilDelivered(pipe);
    const database = new DatabaseSync(file, { readOnly: true });
    const rows = database.prepare(`SELECT k, v FROM "rows of ${stream}" ORDER BY k`).all();
    database.close();
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { k: 'a', v: 3 },
      { k: 'c', v: 4 },
    ]);
  });
});

describe('the tap', () => {
  it('prints where rows come from', async () => {
    const file = join(world.directory, `${stream}.tap`);
    await insertAb();
    await startPipe({ connector: 'tap-connector', to: 'file', file, format: 'origin', limit: '1' });
    await world.untilDelivered(pipe);
    expect(readFileSync(file, 'utf8')).toMatch(/^\S+\/0\/0 \{"k":"a","v":1.*\}\n$/);
  });
});

describe('the processors', () => {
  const toTarget = () => ({ connector: 'http-connector', url: world.target.url });

  it('of SQL filter and compute', async () => {
    await insertAb();
    await startPipe(toTarget(), { processor: 'sql-processor', sql: 'SELECT upper(k) AS k, v * 10 AS w FROM event WHERE v > 1' });
    await world.target.untilRows(1);
    await world.execute(`INSERT INTO ${stream} (k, v) VALUES ('c', 1), ('d', 5)`);
    await world.target.untilRows(2);
    expect(world.target.arrived.map(({ row }) => row)).toMatchObject([
      { k: 'B', w: 20 },
      { k: 'D', w: 50 },
    ]);
  });

  it('of JavaScript change, drop and add, and keep state over STOP and START', async () => {
    await insertAb();
    const expression =
      "(state.set('n', (state.get('n') ?? 0) + 1), row.v === 2 ? null : [{ ...row, n: state.get('n') }, { ...row, v: -row.v, n: state.get('n') }])";
    await startPipe(toTarget(), { processor: 'js-processor', expression });
    await world.target.untilRows(2);
    await world.untilDelivered(pipe);
    await world.execute(`STOP PIPE ${pipe}; START PIPE ${pipe}`);
    await insertAb();
    await world.target.untilRows(4);
    expect(world.target.arrived.map(({ row }) => [row['k'], row['v'], row['n']])).toEqual([
      ['a', 1, 1],
      ['a', -1, 1],
      ['a', 1, 3],
      ['a', -1, 3],
    ]);
  });

  it('of JavaScript that do not come to an end stop their pipe, and no other', async () => {
    await startPipe(toTarget(), { processor: 'js-processor', expression: 'row.v === 2 ? (() => { for (;;); })() : row', timeout: '50ms' });
    await insertAb();
    const { ExceptionMessage } = await world.untilPipe(pipe, ({ State }) => State === 'STOPPED');
    expect(ExceptionMessage).toContain('it has not come to an end within 50 ms');
    expect(world.target.values()).toEqual([1]);
  });

  it.each([
    [{ processor: 'js-processor', expression: 'row +' }, 'is no JavaScript'],
    [{ processor: 'sql-processor', sql: 'SELECT count() FROM event' }, 'count'],
  ])('%j are refused by CREATE PIPE', async (processor, message) => {
    const error = await world.errorOf(`CREATE PIPE ${pipe} WITH PROCESSOR (${listOf(processor as Attributes)}) ${world.target.connector}`);
    expect(error).toContain(message);
    expect(await world.pipes(`LIKE '${pipe}'`)).toEqual([]);
  });
});
