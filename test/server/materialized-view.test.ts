import { KafkaClient, openTransactionalProducer } from '@millrace/kafka-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const run = (sql: string) => server.execute(sql);
const refusal = (sql: string) =>
  server.execute(sql).then(
    () => 'no error',
    (error: Error) => error.message,
  );
/** A view as SHOW MATERIALIZED VIEWS tells it. */
const shown = async (name: string) => {
  const [row] = await run(`SHOW MATERIALIZED VIEWS LIKE '${name}'`);
  const [, state, lag, , , error, deadLetters] = row!.split('\t');
  return { state, lag, error, deadLetters };
};

describe('a materialized view of rows', () => {
  it('writes what its query gives of what comes after it, with the event time of the rows, and can be read like a stream', async () => {
    await run('CREATE STREAM logs (level string, size int64)');
    await run("INSERT INTO logs VALUES ('before', 0)");
    await run("CREATE MATERIALIZED VIEW errors AS SELECT upper(level) AS kind, size FROM logs WHERE level = 'error'");
    await run("INSERT INTO logs (level, size, _tp_time) VALUES ('error', 1, '2026-01-01 00:00:00'), ('info', 2, '2026-01-01 00:00:01')");
    await run("INSERT INTO logs (level, size, _tp_time) VALUES ('error', 3, '2026-01-01 00:00:02')");
    await run('FLUSH');
    expect(await run('SELECT kind, size, _tp_time FROM table(errors) ORDER BY size')).toEqual([
      'ERROR\t1\t2026-01-01 00:00:00.000',
      'ERROR\t3\t2026-01-01 00:00:02.000',
    ]);
    expect(await shown('errors')).toMatchObject({ state: 'running', lag: '0', error: '' });
    expect(await run('DESCRIBE errors')).toEqual(['kind\tstring\t\t', 'size\tint64\t\t']);
    expect(await run('SHOW CREATE VIEW errors')).toEqual([
      "CREATE MATERIALIZED VIEW errors AS SELECT upper(level) AS kind, size FROM logs WHERE level = \\'error\\'",
    ]);
  });

  it('can be read by other views, whole chains of which FLUSH waits for', async () => {
    await run('CREATE MATERIALIZED VIEW big AS SELECT size * 10 AS size FROM errors WHERE size > 100');
    await run('CREATE MATERIALIZED VIEW biggest AS SELECT size + 1 AS size FROM big');
    await run("INSERT INTO logs (level, size) VALUES ('error', 101), ('error', 7), ('error', 102)");
    await run('FLUSH');
    expect(await run('SELECT size FROM table(biggest) ORDER BY size')).toEqual(['1011', '1021']);
  });

  it('stops and goes on where it stopped, without a row lost or doubled', async () => {
    await run('SYSTEM PAUSE MATERIALIZED VIEW errors');
    expect(await shown('errors')).toMatchObject({ state: 'paused', lag: '0' });
    await run("INSERT INTO logs (level, size) VALUES ('error', 500), ('error', 501)");
    expect(await shown('errors')).toMatchObject({ state: 'paused', lag: '2' });
    expect(await refusal('FLUSH MATERIALIZED VIEW errors')).toContain('the materialized view errors does not run, it is paused');
    await run('SYSTEM UNPAUSE MATERIALIZED VIEW errors');
    await run('FLUSH MATERIALIZED VIEW errors');
    expect(await run('SELECT size FROM table(errors) WHERE size >= 500 ORDER BY size')).toEqual(['500', '501']);
  });

  it('is not dropped while others read it, nor what it reads', async () => {
    expect(await refusal('DROP VIEW errors')).toContain('630');
    expect(await refusal('DROP VIEW errors')).toContain('the materialized view errors is read by big');
    expect(await refusal('DROP STREAM logs')).toContain('the stream logs is read by errors');
    await run('DROP VIEW biggest');
    await run('DROP VIEW big');
    await run('DROP VIEW errors');
    expect(await run('SHOW MATERIALIZED VIEWS')).toEqual([]);
    expect(await refusal('SELECT * FROM table(errors)')).toContain('unknown stream errors');
  });
});

describe('a materialized view INTO another stream', () => {
  it('gives columns by name and what is missing by DEFAULT', async () => {
    await run('CREATE STREAM from_here (a int32, b string)');
    await run("CREATE STREAM into_here (b string, c string DEFAULT 'd', a int64)");
    await run('CREATE MATERIALIZED VIEW copy INTO into_here AS SELECT a, b FROM from_here');
    await run("INSERT INTO from_here VALUES (1, 'x')");
    await run('FLUSH');
    expect(await run('SELECT a, b, c FROM table(into_here)')).toEqual(['1\tx\td']);
    expect(await run('SELECT a FROM table(copy)')).toEqual(['1']);
    expect(await refusal('DROP STREAM into_here')).toContain('the stream into_here is written by copy');
  });

  it('is refused if it would read what it writes, through other views too', async () => {
    expect(await refusal('CREATE MATERIALIZED VIEW m INTO from_here AS SELECT a, b FROM from_here')).toContain('would read what it writes');
    expect(await refusal('CREATE MATERIALIZED VIEW m INTO from_here AS SELECT a::int32 AS a, b FROM into_here')).toContain(
      'would read what it writes',
    );
    expect(await run("SHOW MATERIALIZED VIEWS LIKE 'm'")).toEqual([]);
  });
});

describe('a record that cannot be processed', () => {
  it('stops a strict view, which says where', async () => {
    await run('CREATE STREAM numbers (n int64)');
    await run('CREATE MATERIALIZED VIEW strict AS SELECT int_div(100, n) AS q FROM numbers');
    await run('INSERT INTO numbers VALUES (5), (0), (4)');
    expect(await refusal('FLUSH MATERIALIZED VIEW strict')).toMatch(/is error: .*\(numbers, partition 0, offset 1\)/);
    expect(await shown('strict')).toMatchObject({ state: 'error' });
    expect(await run('SELECT q FROM table(strict)')).toEqual([]);
  });

  it('becomes a dead letter of a view that goes on, undecodable ones too', async () => {
    await run(
      "CREATE MATERIALIZED VIEW lenient AS SELECT int_div(100, n) AS q FROM numbers SETTINGS recovery_policy = 'best_effort', seek_to = 'earliest'",
    );
    await server.produce('numbers', 0, ['{"n": 10}', '{"n": "ten"}', 'no json', '{"n": 0}', '{"n": 50}']);
    await run('FLUSH MATERIALIZED VIEW lenient');
    expect(await run('SELECT q FROM table(lenient) ORDER BY q')).toEqual(['2', '10', '20', '25']);
    expect(await shown('lenient')).toMatchObject({ state: 'running', deadLetters: '4' });
  });
});

describe('dead letters', () => {
  const letters = async (of = '') => (await run(`SHOW DEAD LETTERS ${of}`)).map((row) => row.split('\t'));

  it('are shown with where they come from, what was wrong and what they are, until they are replayed', async () => {
    await run('CREATE STREAM readings (n int64, name string)');
    await run(
      "CREATE MATERIALIZED VIEW shares AS SELECT int_div(100, n) AS q, name FROM readings SETTINGS recovery_policy = 'best_effort'",
    );
    await run("INSERT INTO readings (n, name, _tp_time) VALUES (0, 'née', '2026-01-01 00:00:00')");
    await server.produce('readings', 0, ['no json', '{"n": 5, "name": "five"}']);
    await run('FLUSH MATERIALIZED VIEW shares');
    const shown = (await letters('FOR shares')).sort(([, , , a], [, , , b]) => Number(a) - Number(b));
    expect(shown.map(([view, topic, partition, offset]) => [view, topic, partition, offset])).toEqual([
      ['shares', 'readings', '0', '0'],
      ['shares', 'readings', '0', '1'],
    ]);
    const [[, , , , timestamp, error, , value], [, , , , , reason, key, raw]] = shown as [string[], string[]];
    expect([timestamp, raw, key]).toEqual(['2026-01-01 00:00:00.000', 'no json', '\\N']);
    expect(error).toContain('zero');
    expect(reason).toContain('JSON');
    expect(value).toContain('née');
    expect(await letters("LIKE 'sh%'")).toHaveLength(2);
    expect(await letters("NOT LIKE 'sh%'")).not.toContainEqual(shown[0]);
    expect(await refusal('SHOW DEAD LETTERS FOR share')).toContain('did you mean shares?');
  });

  it('are processed once more, once, however often it is asked; what fails again is a letter again', async () => {
    expect(await run("REPLAY DEAD LETTERS FOR shares WHERE value = 'no json' OR key = 'k'")).toEqual(['1']);
    await run('FLUSH MATERIALIZED VIEW shares');
    const [left, again] = await letters('FOR shares');
    expect([left![3], again![3], again![7]]).toEqual(['0', '1', 'no json']);
    // Both fail once more, one where it is read, one in an operator, and the view goes on behind them.
    expect(await run('REPLAY DEAD LETTERS FOR shares')).toEqual(['2']);
    await run("INSERT INTO readings (n, name) VALUES (10, 'ten')");
    await run('FLUSH MATERIALIZED VIEW shares');
    expect(await run('SELECT q, name FROM table(shares) ORDER BY q')).toEqual(['10\tten', '20\tfive']);
    expect((await letters('FOR shares')).map(([, , , offset]) => offset).sort()).toEqual(['0', '1']);
    expect(await run('REPLAY DEAD LETTERS FOR shares WHERE false')).toEqual(['0']);
  });

  it('are each processed once more, whoever asks at the same time, and not by one who has died half-way', async () => {
    const kafka = new KafkaClient({ brokers: server.brokers, clientId: 'test' });
    const dead = await openTransactionalProducer(kafka, { transactionalId: 'millrace.replay.millrace.view.shares' });
    dead.begin();
    await dead.append('millrace.replay.view.shares', 0, Date.now(), null, Buffer.from('no letter'));
    const answers = await Promise.allSettled([1, 2, 3].map(() => run('REPLAY DEAD LETTERS FOR shares')));
    expect(answers.some(({ status }) => status === 'fulfilled')).toBe(true);
    await run('FLUSH MATERIALIZED VIEW shares');
    // Each has failed again as often as it was processed again, and become one letter.
    expect((await letters('FOR shares')).map(([, , , offset]) => offset).sort()).toEqual(['0', '1']);
    expect(await shown('shares')).toMatchObject({ state: 'running' });
    await expect(dead.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
    await dead.close();
    await kafka.close();
  });

  it('of a view that ends at the first bad record are none, and conditions are checked', async () => {
    await run('CREATE MATERIALIZED VIEW names AS SELECT name FROM readings');
    expect(await refusal('REPLAY DEAD LETTERS FOR names')).toContain('its recovery_policy is strict');
    expect(await refusal('REPLAY DEAD LETTERS FOR shares WHERE color = 1')).toContain('unknown column color');
    expect(await refusal('REPLAY DEAD LETTERS FOR readings')).toContain('is a stream, not a materialized view');
  });
});

describe('another definition in the place of a materialized view', () => {
  const upgrade = async (sql: string) => (await run(`EXPLAIN UPGRADE ${sql}`)).map((row) => row.split('\t').slice(0, 2).join(': '));

  it('goes on where the old one stood, with changes that touch no state', async () => {
    await run('CREATE STREAM sales (shop string, price int64)');
    await run('CREATE MATERIALIZED VIEW cheap AS SELECT shop, price FROM sales WHERE price < 10');
    await run("INSERT INTO sales VALUES ('a', 5), ('b', 15)");
    await run('FLUSH MATERIALIZED VIEW cheap');
    const change = 'CREATE OR REPLACE MATERIALIZED VIEW cheap AS SELECT shop, price, price * 2 AS twice FROM sales WHERE price < 20';
    expect(await upgrade(change)).toEqual(['position in sales: kept', 'column twice: new', 'CREATE OR REPLACE: allowed']);
    await run(change);
    await run("INSERT INTO sales VALUES ('c', 16)");
    await run('FLUSH MATERIALIZED VIEW cheap');
    expect(await run('SELECT shop, price, twice FROM table(cheap) ORDER BY price')).toEqual(['a\t5\t0', 'c\t16\t32']);
    expect(await upgrade('CREATE MATERIALIZED VIEW dear AS SELECT shop FROM sales')).toEqual(['view dear: new']);
  });

  it('keeps the state of operators that nothing has changed before, and refuses to lose any other silently', async () => {
    await run('CREATE MATERIALIZED VIEW totals AS SELECT shop, sum(price) AS total FROM sales GROUP BY shop EMIT ON UPDATE');
    await run("INSERT INTO sales VALUES ('x', 1), ('y', 2)");
    await run('FLUSH MATERIALIZED VIEW totals');
    const behind = 'SELECT shop, sum(price) AS total FROM sales GROUP BY shop HAVING total > 10 EMIT ON UPDATE';
    expect((await upgrade(`CREATE OR REPLACE MATERIALIZED VIEW totals AS ${behind}`)).map((line) => line.split(': ').at(-1))).toEqual([
      'kept',
      'kept',
      'allowed',
    ]);
    await run(`CREATE OR REPLACE MATERIALIZED VIEW totals AS ${behind}`);
    await run("INSERT INTO sales VALUES ('x', 10)");
    await run('FLUSH MATERIALIZED VIEW totals');
    expect(await run("SELECT total FROM table(totals) WHERE shop = 'x' ORDER BY total")).toEqual(['1', '11']);

    const other = 'SELECT shop, sum(price) AS total FROM sales WHERE price > 0 GROUP BY shop EMIT ON UPDATE';
    expect(await refusal(`CREATE OR REPLACE MATERIALIZED VIEW totals AS ${other}`)).toMatch(
      /cannot be replaced by this: state is lost or begins empty: needs on_state_change = 'discard'[\s\S]*Aggregate by shop/,
    );
    expect(await shown('totals')).toMatchObject({ state: 'running' });
    await run(`CREATE OR REPLACE MATERIALIZED VIEW totals AS ${other} SETTINGS on_state_change = 'discard'`);
    await run("INSERT INTO sales VALUES ('x', 100)");
    await run('FLUSH MATERIALIZED VIEW totals');
    // It stands where it stood: what was read before is not read again, and not in the sum any more.
    expect(await run("SELECT total FROM table(totals) WHERE shop = 'x' ORDER BY total")).toEqual(['1', '11', '100']);
    expect((await run('SHOW CREATE VIEW totals'))[0]).not.toContain('on_state_change');
  });

  it('is refused where rows that are written, or readers, would not fit it', async () => {
    await run('CREATE MATERIALIZED VIEW shops AS SELECT shop FROM cheap');
    const refused = (sql: string) => refusal(`CREATE OR REPLACE MATERIALIZED VIEW cheap ${sql}`);
    expect(await refused('AS SELECT shop, price FROM sales')).toContain('column twice is gone');
    expect(await refused("AS SELECT shop, price, 'x' AS twice FROM sales")).toContain('column twice changes, int64 → string');
    expect(await refused('AS SELECT shop, price, twice, 1 AS more FROM (SELECT shop, price, price AS twice FROM sales)')).toContain(
      'shops reads it, and would not know column more',
    );
    expect(await refused('AS SELECT shop, price, price AS twice FROM sales SETTINGS shards = 2')).toContain('shards belongs to its topic');
    await run('CREATE STREAM outlet (shop string)');
    expect(await refused('INTO outlet AS SELECT shop FROM sales')).toContain('it writes into a stream of its own');
    expect(await refused('AS SELECT name AS shop, n AS price, n AS twice FROM readings')).toContain('position in sales (lost)');
    expect(await shown('cheap')).toMatchObject({ state: 'running', error: '' });
  });

  it('does not come in through a plain view that it reads', async () => {
    await run('CREATE VIEW half AS SELECT shop, int_div(price, 2) AS price FROM sales');
    await run('CREATE MATERIALIZED VIEW halves AS SELECT price FROM half');
    expect(await refusal('CREATE OR REPLACE VIEW half AS SELECT price FROM sales')).toContain('is part of materialized views: halves');
    await run('DROP VIEW halves');
    expect(await refusal('CREATE OR REPLACE VIEW half AS SELECT price FROM sales')).toBe('no error');
  });

  it('leaves a paused view paused', async () => {
    await run('SYSTEM PAUSE MATERIALIZED VIEW cheap');
    await run('CREATE OR REPLACE MATERIALIZED VIEW cheap AS SELECT shop, price, price * 3 AS twice FROM sales');
    await run("INSERT INTO sales VALUES ('d', 1000)");
    expect(await shown('cheap')).toMatchObject({ state: 'paused', lag: '1' });
    await run('SYSTEM UNPAUSE MATERIALIZED VIEW cheap');
    await run('FLUSH MATERIALIZED VIEW cheap');
    expect(await run("SELECT twice FROM table(cheap) WHERE shop = 'd'")).toEqual(['3000']);
  });
});

describe('what a materialized view does', () => {
  const figures = async (view: string) => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const lines = [...text.matchAll(new RegExp(`^millrace_view_(\\w+)\\{view="${view}"(?:,state="(\\w+)")?\\} (\\S+)$`, 'gm'))];
    return Object.fromEntries(lines.map(([, name, state, value]) => [state ?? name!, Number(value)]));
  };

  it('is told to Prometheus, and by EXPLAIN LIVE', async () => {
    await run('CREATE STREAM watched (n int64)');
    await run("CREATE MATERIALIZED VIEW watcher AS SELECT int_div(10, n) AS q FROM watched SETTINGS recovery_policy = 'best_effort'");
    await run('INSERT INTO watched VALUES (1), (2), (0)');
    await run('FLUSH MATERIALIZED VIEW watcher');
    const told = await figures('watcher');
    expect(told).toMatchObject({
      running: 1,
      lag_records: 0,
      out_rows_total: 2,
      dead_letters_total: 1,
      restarts_total: 1,
      late_rows_total: 0,
    });
    expect(told['commits_total']).toBeGreaterThan(0);
    expect(told['last_commit_timestamp_seconds']).toBeGreaterThan(1_700_000_000);
    const live = (await run("EXPLAIN LIVE 'watcher'")).join('\n');
    expect(live).toMatch(/^materialized view watcher: SELECT int_div/);
    expect(live).toMatch(/^view_state=running commits=\d+ last_commit=20\S+ restarts=1 dead_letters=1 rate=/m);
    expect(live).toContain('committed watched/0: offset=3');
    expect(await run('SHOW QUERIES')).toEqual([]);
  });

  it('is told of a view that does not run', async () => {
    await run('SYSTEM PAUSE MATERIALIZED VIEW watcher');
    expect(await figures('watcher')).toEqual({ paused: 1 });
    expect(await run("EXPLAIN LIVE 'watcher'")).toContain('state=paused');
    expect(await refusal("EXPLAIN LIVE 'nothing'")).toContain('no query nothing is running');
  });
});
