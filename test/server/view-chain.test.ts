import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
  await run("CREATE STREAM ticks (n int64, at datetime64(3, 'UTC')) SETTINGS event_time_column = 'at'");
});
afterAll(() => server.close());

const run = (sql: string) => server.execute(sql);
/** One tick at each of these seconds. */
const tick = (...seconds: number[]) =>
  run(`INSERT INTO ticks VALUES ${seconds.map((s) => `(${s}, '2026-01-01 00:00:${String(s).padStart(2, '0')}')`).join(', ')}`);
const rows = (view: string) => run(`SELECT to_string(window_start), n, total FROM table(${view}) ORDER BY window_start`);
const at = (seconds: number) => `2026-01-01 00:00:${String(seconds).padStart(2, '0')}.000`;

/** Windows over the windows of another view; no partition ever falls idle, so only event time closes them. */
const over = (source: string, seconds: number, settings = '') =>
  `SELECT window_start, sum(n) AS n, sum(total) AS total FROM tumble(${source}, ${seconds}s) GROUP BY window_start EMIT AFTER WATERMARK SETTINGS idle_timeout = 0${settings}`;

describe('windows of a view over the windows of another', () => {
  it('close when the first view has come past their end, without a further row of it', async () => {
    await run(
      'CREATE MATERIALIZED VIEW fives AS SELECT window_start, count() AS n, sum(n) AS total FROM tumble(ticks, 5s) GROUP BY window_start ' +
        'EMIT AFTER WATERMARK SETTINGS idle_timeout = 0',
    );
    await run(`CREATE MATERIALIZED VIEW tens AS ${over('fives', 10)}`);
    await run(`CREATE MATERIALIZED VIEW twenties AS ${over('tens', 20)}`);
    await tick(1, 6, 12);
    await run('FLUSH');
    expect(await rows('fives')).toEqual([`${at(0)}\t1\t1`, `${at(5)}\t1\t6`]);
    expect(await rows('tens')).toEqual([`${at(0)}\t2\t7`]);
    expect(await rows('twenties')).toEqual([]);
    await tick(19, 21);
    await run('FLUSH');
    expect(await rows('tens')).toEqual([`${at(0)}\t2\t7`, `${at(10)}\t2\t31`]);
    expect(await rows('twenties')).toEqual([`${at(0)}\t4\t38`]);
  });

  it('do so after a pause too, and give the same when all is read again', async () => {
    await run('SYSTEM PAUSE MATERIALIZED VIEW fives');
    await tick(33, 34);
    await run('SYSTEM UNPAUSE MATERIALIZED VIEW fives');
    await tick(41);
    await run('FLUSH');
    const expected = [`${at(0)}\t2\t7`, `${at(10)}\t2\t31`, `${at(20)}\t1\t21`, `${at(30)}\t2\t67`];
    expect(await rows('tens')).toEqual(expected);
    expect(await rows('twenties')).toEqual([`${at(0)}\t4\t38`, `${at(20)}\t3\t88`]);
    await run(`CREATE MATERIALIZED VIEW again AS ${over('fives', 10, ", seek_to = 'earliest'")}`);
    await run('FLUSH MATERIALIZED VIEW again');
    expect(await rows('again')).toEqual(expected);
    expect((await run("EXPLAIN LIVE 'again'")).join()).toMatch(/late=0/);
  });

  it('wait for the next row where the first view decides itself on event times', async () => {
    await run(
      "CREATE MATERIALIZED VIEW timed AS SELECT window_start, window_start AS _tp_time, count() AS n, sum(n) AS total FROM tumble(ticks, 5s) GROUP BY window_start EMIT AFTER WATERMARK SETTINGS idle_timeout = 0, seek_to = 'earliest'",
    );
    await run(`CREATE MATERIALIZED VIEW of_timed AS ${over('timed', 20, ", seek_to = 'earliest'")}`);
    await run('FLUSH MATERIALIZED VIEW timed');
    await run('FLUSH MATERIALIZED VIEW of_timed');
    // Up to 41 s is read; the last window that is given begins at 30 s.
    expect(await rows('of_timed')).toEqual([`${at(0)}\t4\t38`]);
  });
});
