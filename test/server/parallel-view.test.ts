import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const run = (sql: string) => server.execute(sql);
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
/** A reading a second, of seven keys in turn, on the partition that the key says. */
async function write(stream: string, from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, i) => `('key ${(from + i) % 7}', ${from + i}, '${at(from + i)}')`);
  await run(`INSERT INTO ${stream} VALUES ${rows.join(', ')}`);
}
const createSource = (name: string) =>
  run(`CREATE STREAM ${name} (k string, v int64, at datetime64(3, 'UTC')) PRIMARY KEY k SETTINGS event_time_column = 'at', shards = 3`);
const windows = (source: string) =>
  `SELECT window_start, k, count() AS n, sum(v) AS total FROM tumble(${source}, 10s) GROUP BY window_start, k EMIT AFTER WATERMARK`;
const view = async (name: string) => {
  const rows = await run('SHOW MATERIALIZED VIEWS');
  const [, state, lag, , , error] = rows.find((row) => row.startsWith(`${name}\t`))!.split('\t');
  return { state, lag, error };
};

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
    for (const tasks of [1, 2, 3]) expect(await view(`w${tasks}`)).toEqual({ state: 'running', lag: '0', error: '' });
  });

  it('gives rows, and one group of all, each once', async () => {
    await createSource('rows');
    await run('CREATE MATERIALIZED VIEW evens AS SELECT k, v FROM rows WHERE v % 2 = 0 SETTINGS parallelism = 2, max_parallelism = 4');
    await run(
      'CREATE MATERIALIZED VIEW totals AS SELECT count() AS n, sum(v) AS total FROM rows EMIT ON UPDATE SETTINGS parallelism = 2, max_parallelism = 4',
    );
    await write('rows', 0, 100);
    await run('FLUSH');
    expect(await run('SELECT v FROM table(evens) ORDER BY v')).toEqual(Array.from({ length: 50 }, (_, i) => String(2 * i)));
    expect(await run('SELECT max(n), max(total) FROM table(totals)')).toEqual(['100\t4950']);
  });

  it('begins where it is told to', async () => {
    await createSource('past');
    await write('past', 0, 50);
    await run("CREATE MATERIALIZED VIEW of_all AS SELECT v FROM past SETTINGS parallelism = 2, max_parallelism = 4, seek_to = 'earliest'");
    await run('CREATE MATERIALIZED VIEW of_new AS SELECT v FROM past SETTINGS parallelism = 2, max_parallelism = 4');
    await write('past', 50, 60);
    await run('FLUSH');
    expect(await run('SELECT count(), min(v), max(v) FROM table(of_all)')).toEqual(['60\t0\t59']);
    expect(await run('SELECT count(), min(v), max(v) FROM table(of_new)')).toEqual(['10\t50\t59']);
  });

  it('goes on among other numbers of tasks, and after a pause', async () => {
    await createSource('moved');
    const create = (tasks: number, settings = '') =>
      `CREATE OR REPLACE MATERIALIZED VIEW moving AS ${windows('moved')} SETTINGS idle_timeout = 0, parallelism = ${tasks}${settings}`;
    await run(create(2, ', max_parallelism = 4'));
    await run(`CREATE MATERIALIZED VIEW still AS ${windows('moved')} SETTINGS idle_timeout = 0`);
    await write('moved', 0, 95);
    await run(create(3));
    await write('moved', 95, 190);
    await run('SYSTEM PAUSE MATERIALIZED VIEW moving');
    await run(create(1));
    await write('moved', 190, 220);
    expect((await view('moving')).state).toBe('paused');
    await run('SYSTEM UNPAUSE MATERIALIZED VIEW moving');
    await write('moved', 220, 300);
    await run('FLUSH');
    const rows = (name: string) => run(`SELECT to_string(window_start), k, n, total FROM table(${name}) ORDER BY window_start, k`);
    const expected = await rows('still');
    expect(expected.length).toBeGreaterThan(100);
    expect(await rows('moving')).toEqual(expected);
    await expect(run(create(5))).rejects.toThrow(/parallelism is 5, and max_parallelism 4/);
    await expect(run(create(2, ', max_parallelism = 8'))).rejects.toThrow(/max_parallelism belongs to its state/);
    await expect(
      run(`CREATE OR REPLACE MATERIALIZED VIEW still AS ${windows('moved')} SETTINGS idle_timeout = 0, parallelism = 2`),
    ).rejects.toThrow(/its state is in one piece/);
    expect((await run(`EXPLAIN UPGRADE ${create(2)}`)).at(-1)).toContain('allowed');
  });

  it('keeps dead letters, and processes them again once', async () => {
    await run('CREATE STREAM texts (text string) SETTINGS shards = 3');
    const settings = "SETTINGS recovery_policy = 'best_effort', parallelism = 2, max_parallelism = 4";
    await run(`CREATE MATERIALIZED VIEW parsed AS SELECT to_int64(text) AS n FROM texts ${settings}`);
    await run(`CREATE MATERIALIZED VIEW added AS SELECT sum(to_int64(text)) AS n FROM texts EMIT ON UPDATE ${settings}`);
    for (const text of ['1', '2', 'three', '4', 'five', '6']) await run(`INSERT INTO texts VALUES ('${text}')`);
    await run('FLUSH');
    expect(await run('SELECT n FROM table(parsed) ORDER BY n')).toEqual(['1', '2', '4', '6']);
    expect(await run('SELECT max(n) FROM table(added)')).toEqual(['13']);
    const letters = (name: string) => run(`SHOW DEAD LETTERS FOR ${name}`);
    expect(await letters('parsed')).toHaveLength(2);
    expect(await letters('added')).toHaveLength(2);
    for (const name of ['parsed', 'added']) {
      const select = name === 'parsed' ? 'length(text)' : 'sum(length(text))';
      const emit = name === 'parsed' ? '' : 'EMIT ON UPDATE';
      expect(await run(`REPLAY DEAD LETTERS FOR ${name}`)).toEqual(['2']);
      await run(`FLUSH MATERIALIZED VIEW ${name}`);
      // They fail again.
      expect(await letters(name)).toHaveLength(2);
      await expect(
        run(
          `CREATE OR REPLACE MATERIALIZED VIEW ${name} AS SELECT ${select} AS n, 1 AS x FROM texts ${emit} ${settings}, on_state_change = 'discard'`,
        ),
      ).rejects.toThrow();
    }
    await run(
      `CREATE OR REPLACE MATERIALIZED VIEW parsed AS SELECT to_int64(if(text = 'three', '3', if(text = 'five', '5', text))) AS n FROM texts ${settings}`,
    );
    await run('REPLAY DEAD LETTERS FOR parsed');
    await run('FLUSH MATERIALIZED VIEW parsed');
    expect(await run('SELECT n FROM table(parsed) ORDER BY n')).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(await letters('parsed')).toEqual([]);
  });

  it('lets windows over its windows close at the right time, in which order ever its tasks get on', async () => {
    await createSource('deep');
    const inner = windows('deep').replace('window_start, k EMIT', 'window_start, k EMIT');
    await run(`CREATE MATERIALIZED VIEW inner1 AS ${inner} SETTINGS idle_timeout = 0`);
    await run(`CREATE MATERIALIZED VIEW inner2 AS ${inner} SETTINGS idle_timeout = 0, shards = 2, parallelism = 2, max_parallelism = 4`);
    const outer = (source: string) =>
      `SELECT window_start, k, sum(n) AS n, sum(total) AS total FROM tumble(${source}, 30s) GROUP BY window_start, k EMIT AFTER WATERMARK SETTINGS idle_timeout = 0`;
    await run(`CREATE MATERIALIZED VIEW outer1 AS ${outer('inner1')}`);
    await run(`CREATE MATERIALIZED VIEW outer2 AS ${outer('inner2')}`);
    await run(`CREATE MATERIALIZED VIEW outer3 AS ${outer('inner2')}, parallelism = 3, max_parallelism = 3`);
    await write('deep', 0, 100);
    await run('FLUSH');
    await run('SYSTEM PAUSE MATERIALIZED VIEW outer2');
    await write('deep', 100, 250);
    await run('FLUSH MATERIALIZED VIEW inner2');
    await run('SYSTEM UNPAUSE MATERIALIZED VIEW outer2');
    await write('deep', 250, 320);
    await run('FLUSH');
    const rows = (name: string) => run(`SELECT to_string(window_start), k, n, total FROM table(${name}) ORDER BY window_start, k`);
    const expected = await rows('outer1');
    expect(expected.length).toBeGreaterThan(50);
    expect(await rows('outer2')).toEqual(expected);
    expect(await rows('outer3')).toEqual(expected);
    await run(`CREATE MATERIALIZED VIEW outer4 AS ${outer('inner2')}, seek_to = 'earliest'`);
    await run('FLUSH MATERIALIZED VIEW outer4');
    expect(await rows('outer4')).toEqual(expected);
    for (const name of ['outer2', 'outer3', 'outer4']) expect((await run(`EXPLAIN LIVE '${name}'`)).join()).toMatch(/late=0 undecodable=0/);
    expect(await run('SELECT count() FROM table(inner2)')).toEqual(await run('SELECT count() FROM table(inner1)'));
    await run(
      'CREATE MATERIALIZED VIEW counts AS SELECT k, count() AS n FROM deep GROUP BY k EMIT PERIODIC 1s SETTINGS parallelism = 2, max_parallelism = 4',
    );
    await expect(run('SELECT window_start, count() FROM tumble(counts, 10s) GROUP BY window_start')).rejects.toThrow(
      /several tasks write counts/,
    );
  });

  it('is refused where all rows or groups are looked at together, and leaves nothing behind', async () => {
    await createSource('whole');
    const refused = (query: string, settings = 'parallelism = 2') =>
      expect(run(`CREATE MATERIALIZED VIEW never AS ${query} SETTINGS ${settings}`)).rejects;
    await refused(windows('whole').replace(' EMIT', ' ORDER BY total EMIT')).toThrow(/ORDER BY cannot be shared/);
    await refused(windows('whole').replace(' EMIT', ' LIMIT 1 BY window_start EMIT')).toThrow(/LIMIT BY cannot be shared/);
    await refused('SELECT DISTINCT k FROM whole').toThrow(/DISTINCT cannot be shared/);
    await refused(`${windows('whole')} AND TIMEOUT 1s`).toThrow(/TIMEOUT cannot be shared/);
    await refused(
      `SELECT window_start, max(n) FROM tumble((${windows('whole').replace('window_start, k', 'window_start, window_end, k')}), window_end, 1m) GROUP BY window_start`,
    ).toThrow(/an aggregation over another cannot be shared/);
    await refused('SELECT k FROM whole', 'parallelism = 5, max_parallelism = 4').toThrow(/at most max_parallelism/);
    expect((await run('SHOW MATERIALIZED VIEWS')).some((row) => row.startsWith('never'))).toBe(false);
  });
});
