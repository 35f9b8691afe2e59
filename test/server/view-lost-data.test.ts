import { createAdmin, KafkaClient, listOffsets, openTransactionalProducer } from '@millrace/kafka-client';
import { apis } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let kafka: KafkaClient;
beforeAll(async () => {
  server = await openTestServer();
  kafka = new KafkaClient({ brokers: server.brokers, clientId: 'test' });
});
afterAll(async () => {
  await kafka.close();
  await server.close();
});

const run = (sql: string) => server.execute(sql);
const refusal = (sql: string) =>
  server.execute(sql).then(
    () => 'no error',
    (error: Error) => error.message,
  );
const shown = async (name: string) => {
  const columns = (await run(`SHOW MATERIALIZED VIEWS LIKE '${name}'`))[0]!.split('\t');
  return { state: columns[1], error: columns[5] };
};
const insert = (stream: string, ...values: number[]) => run(`INSERT INTO ${stream} VALUES ${values.map((n) => `(${n})`).join(', ')}`);
const stopped =
  /partition 0 of "\w+" has lost 3 records that were not read: those from offset 2 to 4; it was read up to there at 20\d\d-\S+ \S+ UTC/;

/** A stream of two rows that a view has read. */
async function read(stream: string, view: string, settings = ''): Promise<void> {
  await run(`CREATE STREAM ${stream} (n int64)`);
  await run(`CREATE MATERIALIZED VIEW ${view} AS SELECT n FROM ${stream} ${settings}`);
  await insert(stream, 1, 2);
  await run(`FLUSH MATERIALIZED VIEW ${view}`);
}

describe('a log that has dropped what a view had not read', () => {
  it('ends the view with what was lost, when it goes on after a pause', async () => {
    await read('meters', 'm');
    await run('SYSTEM PAUSE MATERIALIZED VIEW m');
    await insert('meters', 3, 4, 5);
    await run('TRUNCATE STREAM meters');
    await insert('meters', 6);
    expect(await refusal('SYSTEM UNPAUSE MATERIALIZED VIEW m')).toMatch(stopped);
    expect(await shown('m')).toMatchObject({ state: 'error', error: expect.stringMatching(stopped) });
    expect(await run('SELECT n FROM table(m) ORDER BY n')).toEqual(['1', '2']);
  });

  it('is passed over once the view is told so', async () => {
    await run("CREATE OR REPLACE MATERIALIZED VIEW m AS SELECT n FROM meters SETTINGS on_lost_data = 'continue'");
    await run('FLUSH MATERIALIZED VIEW m');
    expect(await run('SELECT n FROM table(m) ORDER BY n')).toEqual(['1', '2', '6']);
    expect(await shown('m')).toMatchObject({ state: 'running' });
  });

  it('does not matter to a view that has read it', async () => {
    await run('TRUNCATE STREAM meters');
    await insert('meters', 7);
    await run('FLUSH MATERIALIZED VIEW m');
    expect(await run('SELECT n FROM table(m) ORDER BY n')).toEqual(['1', '2', '6', '7']);
  });

  it.each([
    ['ends it while it runs', 'stop', { state: 'error', error: expect.stringMatching(stopped) }, ['1', '2']],
    ['is passed over while it runs', 'continue', { state: 'running' }, ['1', '2', '6']],
  ])('%s', async (_, setting, expected, rows) => {
    const [stream, view] = [`running_${setting}`, `while_${setting}`];
    await read(stream, view, `SETTINGS on_lost_data = '${setting}'`);
    // Behind the first record of a transaction that is open nothing can be read: the view runs, and has not read them.
    const producer = await openTransactionalProducer(kafka, { transactionalId: `holds-${stream}` });
    producer.begin();
    for (const n of [3, 4, 5]) await producer.append(stream, 0, Date.now(), null, Buffer.from(JSON.stringify({ n })));
    await expect.poll(() => listOffsets(kafka, stream, [0], 'latest', 'read_uncommitted')).toEqual([5]);
    await deleteBefore(stream, 5);
    await producer.abort();
    await producer.close();
    await insert(stream, 6);
    await expect.poll(() => shown(view), { timeout: 20_000 }).toMatchObject(expected);
    await run(`FLUSH MATERIALIZED VIEW ${view}`).catch(() => {});
    expect(await run(`SELECT n FROM table(${view}) ORDER BY n`)).toEqual(rows);
  });
});

describe('a topic that was deleted and made anew while a view was paused', () => {
  const makeAnew = async (topic: string) => {
    const admin = createAdmin({ brokers: server.brokers, clientId: 'test' });
    await admin.deleteTopic(topic);
    await expect.poll(() => admin.createTopic({ topic, partitions: 1 }).catch(() => false), { timeout: 20_000 }).toBe(true);
    await admin.close();
  };

  it('ends it, though the new one holds more than the old one did', async () => {
    await read('replaced', 'of_replaced');
    await run('SYSTEM PAUSE MATERIALIZED VIEW of_replaced');
    await makeAnew('replaced');
    await insert('replaced', 11, 12, 13, 14);
    expect(await refusal('SYSTEM UNPAUSE MATERIALIZED VIEW of_replaced')).toContain('its topic "replaced" was deleted and made anew');
    expect(await run('SELECT n FROM table(of_replaced) ORDER BY n')).toEqual(['1', '2']);
  });

  it('ends it where it was its changelog', async () => {
    await read('counted', 'of_counted');
    await run('SYSTEM PAUSE MATERIALIZED VIEW of_counted');
    const admin = createAdmin({ brokers: server.brokers, clientId: 'test' });
    const changelog = (await admin.listTopics()).find((topic) => topic.startsWith('millrace.changelog.of_counted.'))!;
    await admin.close();
    await makeAnew(changelog);
    expect(await refusal('SYSTEM UNPAUSE MATERIALIZED VIEW of_counted')).toContain('was emptied: what the view has computed is lost');
    expect(await run('SELECT n FROM table(of_counted) ORDER BY n')).toEqual(['1', '2']);
  });
});

async function deleteBefore(topic: string, offset: number): Promise<void> {
  const [metadata] = await kafka.metadata([topic]);
  const connection = await kafka.connection(metadata!.partitions[0]!.leader);
  const { topics } = await connection.request(apis.deleteRecords, {
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }],
    timeoutMs: 10_000,
  });
  expect(topics[0]!.partitions[0]!.errorCode).toBe(0);
}
