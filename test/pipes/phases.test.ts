import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

let world: PipeWorld;
let stream: string;
let pipe: string;

beforeAll(async () => {
  world = await openPipeWorld();
});
afterAll(() => world.close());

beforeEach(async () => {
  stream = freshName('s');
  pipe = freshName('p');
  world.target.arrived.length = 0;
  await world.execute(
    `CREATE STREAM ${stream} (k string, v int32, t datetime64(3, 'UTC') DEFAULT now64(3)) SETTINGS event_time_column='t'`,
  );
});

const create = (attributes: string) =>
  world.execute(`CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${stream}', ${attributes}) ${world.target.connector}`);

describe('history and realtime', () => {
  it('part at CREATE: without history comes what was written after it, also before START', async () => {
    await world.insert(stream, 1);
    await create(`'history.enable'='false'`);
    await world.insert(stream, 2);
    expect((await world.pipe(pipe)).RemainingEventCount).toBe('1');
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(1);
    await world.insert(stream, 3);
    await world.target.untilRows(2);
    await world.untilDelivered(pipe);
    expect(world.target.values()).toEqual([2, 3]);
  });

  it('without realtime ends with what was there at CREATE, and the pipe stays RUNNING', async () => {
    await world.insert(stream, 1);
    await create(`'realtime.enable'='false'`);
    await world.insert(stream, 2);
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(1);
    await world.untilDelivered(pipe);
    expect(world.target.values()).toEqual([1]);
    expect(await world.pipe(pipe)).toMatchObject({ State: 'RUNNING', RemainingEventCount: '0', EstimatedRemainingSeconds: '0' });
    await world.execute(`STOP PIPE ${pipe}`);
    expect((await world.pipe(pipe)).RemainingEventCount).toBe('0');
  });

  it('are bounded by event times, both included, and the bounds are of history alone', async () => {
    const at = (time: string) => world.execute(`INSERT INTO ${stream} (k, v, t) VALUES ('k', ${Number(time.slice(-3))}, '${time}')`);
    for (const time of [
      '2011-12-03 09:15:29.999',
      '2011-12-03 09:15:30.000',
      '2011-12-03 10:00:00.001',
      '2022-12-03 09:15:30.000',
      '2022-12-03 09:15:30.002',
    ])
      await at(time);
    await create(`'history.start-time'='2011.12.03T10:15:30+01:00', 'extractor.history.end-time'='2022-12-03T10:15:30+01:00'`);
    await at('2040-01-01 00:00:00.777');
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(4);
    await world.untilDelivered(pipe);
    expect(world.target.values()).toEqual([0, 1, 0, 777]);
  });

  it('take bounds in milliseconds, and without a zone in that of the server', async () => {
    await world.execute(`INSERT INTO ${stream} (k, v, t) VALUES ('k', 1, '2020-01-01 00:00:00.000'), ('k', 2, '2020-01-01 00:00:00.001')`);
    await create(`'history.start-time'='1577836800001', 'history.end-time'='2020-01-02T00:00:00'`);
    await world.execute(`START PIPE ${pipe}`);
    await world.untilDelivered(pipe);
    expect(world.target.values()).toEqual([2]);
  });

  it('come one after the other in each partition, however much is written meanwhile', async () => {
    await world.execute(`DROP STREAM ${stream}`);
    await world.execute(`CREATE STREAM ${stream} (k string, v int32) PRIMARY KEY (k) SETTINGS shards=3`);
    const topic = await world.topicOf(stream);
    const batch = (from: number, count: number, partition: number) =>
      world.produce(
        topic,
        partition,
        Array.from({ length: count }, (_, i) => JSON.stringify({ k: `p${partition}`, v: from + i })),
      );
    for (const partition of [0, 1, 2]) for (let from = 0; from < 3000; from += 1000) await batch(from, 1000, partition);
    await create(`'realtime.enable'='true'`);
    await world.execute(`START PIPE ${pipe}`);
    for (const partition of [0, 1, 2]) for (let from = 3000; from < 3400; from += 100) await batch(from, 100, partition);
    await world.target.untilRows(3 * 3400);
    for (const partition of [0, 1, 2]) {
      const values = world.target.arrived.filter(({ row }) => row['k'] === `p${partition}`).map(({ row }) => row['v']);
      expect(values).toEqual(Array.from({ length: 3400 }, (_, i) => i));
    }
  });
});

describe('streams', () => {
  it('that are created later join as realtime where the pattern is root', async () => {
    await create(`'history.enable'='false'`);
    await world.execute(`ALTER PIPE ${pipe} MODIFY EXTRACTOR ('pattern'='root')`);
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 1);
    await world.target.until(() => world.target.arrived.some((row) => row.stream === stream), `rows of ${stream}`);
    const later = freshName('later');
    await world.execute(`CREATE STREAM ${later} (k string, v int32)`);
    await world.insert(later, 5);
    await world.target.until(() => world.target.arrived.some((row) => row.stream === later), `rows of ${later}`);
    await world.execute(`DROP STREAM ${later}`);
    await world.insert(stream, 2);
    await world.target.until(() => world.target.arrived.some(({ row }) => row['v'] === 2), 'what comes after a stream was dropped');
    expect((await world.pipe(pipe)).State).toBe('RUNNING');
    await world.execute(`DROP PIPE ${pipe}`);
  });

  it('of materialized views are read as others are', async () => {
    const view = freshName('mv');
    await world.execute(`CREATE MATERIALIZED VIEW ${view} AS SELECT k, v * 2 AS v FROM ${stream}`);
    await world.execute(`CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${view}.') ${world.target.connector}`);
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 21);
    await world.target.untilRows(1);
    expect(world.target.arrived).toMatchObject([{ stream: view, row: { k: 'k', v: 42 } }]);
  });
});
