import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const run = (sql: string) => server.execute(sql);
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
/** A reading a second, of keys in turn, on the partition that the key says. */
async function write(stream: string, from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, i) => `('key ${(from + i) % 7}', ${from + i}, '${at(from + i)}')`);
  await run(`INSERT INTO ${stream} VALUES ${rows.join(', ')}`);
}
const createSource = (name: string) =>
  run(`CREATE STREAM ${name} (k string, v int64, at datetime64(3, 'UTC')) PRIMARY KEY k SETTINGS event_time_column = 'at', shards = 3`);
const windows = (source: string) =>
  `SELECT window_start, k, count() AS n, sum(v) AS total FROM tumble(${source}, 10s) GROUP BY window_start, k EMIT AFTER WATERMARK`;

describe('a view that several tasks share', () => {
  it('gives the same windows as one task', async () => {
    await createSource('readings');
    for (const tasks of [1, 2, 3])
      await run(
        `CREATE MATERIALIZED VIEW w${tasks} AS ${windows('readings')} SETTINGS idle_timeout = 0${tasks === 1 ? '' : `, parallelism = ${tasks}, max_parallelism = 4`}`,
      );
    await write('readings', 0, 200);
    await run('FLUSH');
    const rows = (tasks: number) => run(`SELECT to_string(window_start), k, n, total FROM table(w${tasks}) ORDER BY window_start, k`);
    const expected = await rows(1);
    expect(expected.length).toBeGreaterThan(50);
    expect(await rows(2)).toEqual(expected);
    expect(await rows(3)).toEqual(expected);
  });
});
