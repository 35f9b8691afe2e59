import { KafkaClient, openProducer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPipeWorld, type PipeWorld } from '../pipes/pipe-world.ts';
import type { ApacheIotdb } from './apache-iotdb.ts';
import { contentOf } from './content.ts';

/** Pipes of a server into what really answers. */
export function pipeCases(iotdb: () => ApacheIotdb): void {
  let world: PipeWorld;
  beforeAll(async () => {
    world = await openPipeWorld({}, '');
  });
  afterAll(() => world?.close());

  const connector = (name = 'iotdb-thrift-connector') =>
    `WITH CONNECTOR ('connector' = '${name}', 'connector.ip' = '127.0.0.1', 'connector.port' = '${iotdb().port}')`;
  const createStream = (name: string) =>
    world.execute(`CREATE STREAM ${name} (k string, m int64, t datetime64(3)) PRIMARY KEY (k) SETTINGS event_time_column='t'`);
  /** Rows m = from … from + count - 1, at as many seconds after the beginning of 2024. */
  const insert = (stream: string, from: number, count: number, key = (_: number) => 'd') => {
    const rows = Array.from({ length: count }, (_, i) => from + i).map(
      (m) => `('${key(m)}', ${m}, to_datetime64('2024-01-01 00:00:00', 3) + INTERVAL ${m} SECOND)`,
    );
    return world.execute(`INSERT INTO ${stream} (k, m, t) VALUES ${rows.join(', ')}`);
  };
  const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => BigInt(from + i));
  /** Of each device of a stream the values of `m`, in the order of their times. */
  const held = async (stream: string) => {
    const content = await contentOf(iotdb(), `root.${stream}.**`);
    return Object.fromEntries([...content].map(([device, rows]) => [device, rows.map(({ m }) => m)]));
  };

  it('the quick start of the page on data sync: what is written to A is read from B', async () => {
    await createStream('db');
    await world.execute(`create pipe a2b
with connector (
  'connector'='iotdb-thrift-connector',
  'connector.ip'='127.0.0.1',
  'connector.port'='${iotdb().port}'
)`);
    await world.execute('start pipe a2b');
    await insert('db', 1, 1);
    await world.untilDelivered('a2b');
    const content = await contentOf(iotdb(), 'root.db.**');
    expect(content.get('root.db.d')).toEqual([
      { time: BigInt(Date.UTC(2024, 0, 1, 0, 0, 1)), k: 'd', m: 1n, t: BigInt(Date.UTC(2024, 0, 1, 0, 0, 1)) },
    ]);
    await world.execute('DROP PIPE a2b');
  });

  it('the example of the page with all its keys: only what its pattern and its times choose', async () => {
    await createStream('timecho');
    await createStream('other');
    const rowAt = (year: number, m: number) => `('d', ${m}, to_datetime64('${year}-06-01 00:00:00', 3))`;
    await world.execute(`INSERT INTO timecho (k, m, t) VALUES ${[2010, 2015, 2023].map(rowAt).join(', ')}`);
    await world.execute(`CREATE PIPE full_sync
WITH EXTRACTOR (
  'extractor'                    = 'iotdb-extractor',
  'extractor.pattern'            = 'root.timecho',
  'extractor.history.enable'     = 'true',
  'extractor.history.start-time' = '2011.12.03T10:15:30+01:00',
  'extractor.history.end-time'   = '2022.12.03T10:15:30+01:00',
  'extractor.realtime.enable'    = 'true',
)
WITH PROCESSOR (
  'processor'                    = 'do-nothing-processor',
)
WITH CONNECTOR (
  'connector'                    = 'iotdb-thrift-connector',
  'connector.ip'                 = '127.0.0.1',
  'connector.port'               = '${iotdb().port}',
)`);
    await world.execute('START PIPE full_sync');
    await world.execute(`INSERT INTO timecho (k, m, t) VALUES ${[rowAt(2001, 3), rowAt(2024, 4)].join(', ')}`);
    await world.execute(`INSERT INTO other (k, m, t) VALUES ${rowAt(2015, 5)}`);
    await world.untilDelivered('full_sync');
    expect(await held('timecho')).toEqual({ 'root.timecho.d': [3n, 1n, 4n] });
    expect(await held('other')).toEqual({});
    await world.execute('DROP PIPE full_sync');
  });

  it.each(['iotdb-thrift-sync-connector', 'iotdb-thrift-async-connector'])(
    '%s: what was there before and what comes then, of many devices',
    async (name) => {
      const stream = name.replaceAll('-', '_');
      await createStream(stream);
      const key = (m: number) => `line ${m % 3}.d${m % 7}`;
      await insert(stream, 0, 500, key);
      await world.execute(`CREATE PIPE ${stream} WITH EXTRACTOR ('pattern'='root.${stream}.') ${connector(name)}; START PIPE ${stream}`);
      for (let from = 500; from < 1000; from += 100) await insert(stream, from, 100, key);
      await world.untilDelivered(stream);
      const devices = await held(stream);
      expect(Object.keys(devices)).toHaveLength(21);
      expect(devices[`root.${stream}.\`line 1\`.d4`]?.slice(0, 3)).toEqual([4n, 25n, 46n]);
      const all = Object.values(devices).flat().map(Number);
      expect(all.sort((left, right) => left - right)).toEqual(numbers(1000).map(Number));
      await world.execute(`DROP PIPE ${stream}`);
    },
  );

  it('every type, and NULL', async () => {
    await world.execute(`CREATE STREAM typed (
      k string, i8 nullable(int8), u16 nullable(uint16), u32 nullable(uint32), i64 nullable(int64), u64 nullable(uint64),
      f32 nullable(float32), f64 nullable(float64), b nullable(bool), s nullable(string), u nullable(uuid), d nullable(date),
      t nullable(datetime64(6)), a array(int32), mp map(string, int32)
    ) PRIMARY KEY (k)`);
    await world.execute(`CREATE PIPE typed WITH EXTRACTOR ('pattern'='root.typed.') ${connector()}; START PIPE typed`);
    await world.execute(`INSERT INTO typed (k, i8, u16, u32, i64, u64, f32, f64, b, s, u, d, t, a, mp) VALUES
      ('full', -8, 65535, 4294967295, -9223372036854775808, 9223372036854775807, 1.5, 2.5, true, 'ü€', '61f0c404-5cb3-11e7-907b-a6006ad3dba0',
       '2026-01-02', '2026-01-02 00:00:00.123456', [1, 2], map('x', 1)),
      ('empty', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [], map())`);
    await world.untilDelivered('typed');
    const content = await contentOf(iotdb(), 'root.typed.**');
    const day = Date.UTC(2026, 0, 2);
    expect(content.get('root.typed.full')).toEqual([
      {
        time: expect.any(BigInt),
        k: 'full',
        i8: -8,
        u16: 65_535,
        u32: 4_294_967_295n,
        i64: -(2n ** 63n),
        u64: 2n ** 63n - 1n,
        f32: 1.5,
        f64: 2.5,
        b: true,
        s: 'ü€',
        u: '61f0c404-5cb3-11e7-907b-a6006ad3dba0',
        d: 20260102,
        t: BigInt(day) + 123n,
        a: '[1,2]',
        mp: '{"x":1}',
      },
    ]);
    expect(content.get('root.typed.empty')).toEqual([{ time: expect.any(BigInt), k: 'empty', a: '[]', mp: '{}' }]);
    await world.execute('DROP PIPE typed');
  });

  it('a record without value deletes its device, what comes then is there', async () => {
    await createStream('gone');
    await world.execute(`CREATE PIPE gone WITH EXTRACTOR ('pattern'='root.gone.') ${connector()}; START PIPE gone`);
    await insert('gone', 0, 10, (m) => (m % 2 === 0 ? 'a' : 'b'));
    const kafka = new KafkaClient({ brokers: world.brokers, clientId: 'test' });
    const producer = openProducer(kafka);
    const tombstone = { timestampMs: Date.now(), key: Buffer.from('a'), value: null };
    await producer.sendBatch(await world.topicOf('gone'), 0, encodeBatch([tombstone]));
    await producer.close();
    await kafka.close();
    await insert('gone', 10, 1, () => 'a');
    await world.untilDelivered('gone');
    expect(await held('gone')).toEqual({ 'root.gone.a': [10n], 'root.gone.b': [1n, 3n, 5n, 7n, 9n] });
    await world.execute('DROP PIPE gone');
  });

  it('pipes with the same connector share it, whatever the order of its keys', async () => {
    await createStream('shared');
    await world.execute(`CREATE PIPE pipe1 WITH CONNECTOR ('connector' = 'iotdb-thrift-connector', 'connector.thrift.host' = 'localhost', 'connector.thrift.port' = '${iotdb().port}')
CREATE PIPE pipe2 WITH CONNECTOR ('connector' = 'iotdb-thrift-connector', 'connector.thrift.port' = '${iotdb().port}', 'connector.thrift.host' = 'localhost')`);
    expect((await world.pipes('WHERE CONNECTOR USED BY pipe1')).map(({ ID }) => ID)).toEqual(['pipe1', 'pipe2']);
    await world.execute('START PIPE pipe1; START PIPE pipe2');
    await insert('shared', 0, 20);
    for (const pipe of ['pipe1', 'pipe2']) await world.untilDelivered(pipe);
    expect(await held('shared')).toEqual({ 'root.shared.d': numbers(20) });
    await world.execute('DROP PIPE pipe1; DROP PIPE pipe2');
  });

  it('IoTDB is not there: CREATE PIPE fails and leaves nothing behind', async () => {
    const away = "WITH CONNECTOR ('connector'='iotdb-thrift-connector', 'connector.ip'='127.0.0.1', 'connector.port'='1')";
    expect(await world.errorOf(`CREATE PIPE nothing ${away}`)).toMatch(/1107.*IoTDB at 127\.0\.0\.1:1: ECONNREFUSED/s);
    const wrong = connector().replace(')', ", 'connector.password' = 'wrong')");
    expect(await world.errorOf(`CREATE PIPE nothing ${wrong}`)).toMatch(/1107.*status 801/s);
    expect((await world.pipes()).map(({ ID }) => ID)).toEqual([]);
  });

  it('IoTDB is killed and comes back while rows come: nothing is lost', async () => {
    await createStream('restarted');
    await world.execute(`CREATE PIPE restarted WITH EXTRACTOR ('pattern'='root.restarted.') ${connector()}; START PIPE restarted`);
    await insert('restarted', 0, 50);
    await world.untilDelivered('restarted');
    await iotdb().stopDataNode('SIGKILL');
    await insert('restarted', 50, 50);
    await iotdb().startDataNode(false);
    await insert('restarted', 100, 50);
    await iotdb().untilWritable();
    // A slow machine takes longer than the pipe tries.
    const { State } = await world.untilPipe('restarted', (pipe) => pipe.State === 'STOPPED' || pipe.RemainingEventCount === '0');
    if (State === 'STOPPED') await world.execute('START PIPE restarted');
    await world.untilDelivered('restarted');
    expect(await held('restarted')).toEqual({ 'root.restarted.d': numbers(150) });
    await world.execute('DROP PIPE restarted');
  });
}
