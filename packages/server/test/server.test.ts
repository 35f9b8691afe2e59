import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage, request } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { createServer, loadConfiguration, type MillraceServer } from '@millrace/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
let server: MillraceServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-server-'));
  server = await start('data');
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function configure(directory: string, flags: Record<string, unknown> = {}) {
  return loadConfiguration({
    workingDirectory: folder,
    flags: { data_dir: directory, 'http.port': 0, 'broker.port': 0, timezone: 'UTC', ...flags },
  });
}

function start(directory: string, flags: Record<string, unknown> = {}): Promise<MillraceServer> {
  return createServer(configure(directory, flags), { engine: { inProcess: true } });
}

async function post(
  sql: string | Uint8Array,
  parameters: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const url = new URL(server.url);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return fetch(url, { method: 'POST', body: sql as NonNullable<RequestInit['body']>, headers });
}

/** The body of a statement that succeeds. */
async function run(sql: string, parameters: Record<string, string> = {}): Promise<string> {
  const response = await post(sql, parameters);
  const text = await response.text();
  expect(text).not.toContain('DB::Exception');
  return text;
}

async function fail(sql: string, parameters: Record<string, string> = {}): Promise<{ status: number; code: string | null; text: string }> {
  const response = await post(sql, parameters);
  return { status: response.status, code: response.headers.get('x-clickhouse-exception-code'), text: await response.text() };
}

/** A query that streams; resolves when its headers are here. */
function open(sql: string, parameters: Record<string, string> = {}): Promise<IncomingMessage> {
  const url = new URL(server.url);
  for (const [name, value] of Object.entries({ default_format: 'JSONEachRow', ...parameters })) url.searchParams.set(name, value);
  return new Promise((resolve, reject) => request(url, { method: 'POST', agent: false }, resolve).on('error', reject).end(sql));
}

/** The next line of a response. */
async function line(response: IncomingMessage): Promise<string> {
  for await (const part of response.iterator({ destroyOnReturn: false })) return String(part).trim();
  throw new Error('the response has ended');
}

describe('statements', () => {
  it('make a stream, fill it, and read it back', async () => {
    await run(
      "CREATE STREAM cars (id string, speed int32, at datetime64(3)) PRIMARY KEY (id) SETTINGS shards = 2, event_time_column = 'at'",
    );
    await run("INSERT INTO cars (id, speed, at) VALUES ('a', 10, '2026-01-01 00:00:00'), ('b', 20 + 1, '2026-01-01 00:00:01')");
    await run('INSERT INTO cars FORMAT JSONEachRow\n{"id":"c","speed":"30","at":1767225602000}\n');
    await run("INSERT INTO cars SELECT concat(id, '2'), speed * 2, at FROM table(cars) WHERE id = 'a'");
    expect(await run('SELECT id, speed, at FROM table(cars) ORDER BY id')).toBe(
      'a\t10\t2026-01-01 00:00:00.000\na2\t20\t2026-01-01 00:00:00.000\nb\t21\t2026-01-01 00:00:01.000\nc\t30\t2026-01-01 00:00:02.000\n',
    );
    expect(await run('DESCRIBE cars')).toBe('id\tstring\t\t\nspeed\tint32\t\t\nat\tdatetime64(3)\t\t\n');
    expect(await run('SHOW CREATE STREAM cars')).toContain('CREATE STREAM cars');
  });

  it('give missing columns their DEFAULT, computed over others too', async () => {
    await run("CREATE STREAM defaults (a int32, b int32 DEFAULT a * 2, c string DEFAULT 'x', d nullable(int32))");
    await run('INSERT INTO defaults (a) VALUES (1); INSERT INTO defaults FORMAT JSONEachRow {"a":2,"b":null,"c":"y","d":5}');
    expect(await run('SELECT a, b, c, d FROM table(defaults) ORDER BY a')).toBe('1\t2\tx\t\\N\n2\t4\ty\t5\n');
  });

  it.each(['VALUES', 'FORMAT Values', 'FORMAT VALUES'])('take rows of %s beside the statement', async (words) => {
    await run('CREATE STREAM beside (a int32, b string)');
    expect(await run("(1, 'x'), (2, 'y')", { query: `INSERT INTO beside ${words}` })).toBe('');
    expect(await run('SELECT a, b FROM table(beside)')).toBe('1\tx\n2\ty\n');
    expect(await fail(`INSERT INTO beside ${words}`)).toMatchObject({ code: '62', text: expect.stringContaining('no rows behind VALUES') });
    await run('DROP STREAM beside');
  });

  it('refuse an INSERT whole when one row of it is wrong', async () => {
    await run('CREATE STREAM whole (a int8)');
    expect(await fail('INSERT INTO whole VALUES (1), (300)')).toMatchObject({
      status: 400,
      code: '53',
      text: expect.stringContaining('row 2, column a: 300 does not fit'),
    });
    expect(await fail('INSERT INTO whole FORMAT JSONEachRow {"a":1}\n{"a":1.5}')).toMatchObject({
      code: '27',
      text: expect.stringContaining('row 2, column a: 1.5 is no int8'),
    });
    expect(await run('SELECT count() FROM table(whole)')).toBe('0\n');
  });

  it('refuse a row that is too large for the topic, naming size and limit, and store nothing', async () => {
    await run('CREATE STREAM large (a string)');
    const body = `INSERT INTO large FORMAT JSONEachRow {"a":"small"}\n{"a":"${'x'.repeat(1_100_000)}"}`;
    const refused = await post(body.slice(body.indexOf('{')), { query: 'INSERT INTO large FORMAT JSONEachRow' });
    expect(refused.status).toBe(413);
    expect(await refused.text()).toMatch(/row 2 has 11000\d\d bytes, the topic takes 1048588 \(max\.message\.bytes\)/);
    expect(await run('SELECT count() FROM table(large)')).toBe('0\n');
  });

  it('split an INSERT that is larger than a batch may be, and say into how many', async () => {
    await run('CREATE STREAM split (a string)');
    const rows = Array.from({ length: 30 }, (_, i) => JSON.stringify({ a: `${i}`.padEnd(100_000, '.') })).join('\n');
    const response = await post(rows, { query: 'INSERT INTO split FORMAT JSONEachRow' });
    expect(JSON.parse(response.headers.get('x-clickhouse-summary')!)).toEqual({ written_rows: '30', written_batches: '3' });
    expect(await run('SELECT count() FROM table(split)')).toBe('30\n');
  });

  it('go block by block where an INSERT is larger than max_insert_block, and say how many rows are in', async () => {
    await run('CREATE STREAM blocks (a int32)');
    const rows = Array.from({ length: 100 }, (_, i) => `{"a":${i === 60 ? '"no"' : i}}`).join('\n');
    const refused = await post(rows, { query: 'INSERT INTO blocks FORMAT JSONEachRow', max_insert_block: '100' });
    const text = await refused.text();
    expect(text).toMatch(/column a: "no" is no int32/);
    const stored = Number(/the (\d+) rows before this block are in/.exec(text)![1]);
    expect(stored).toBeGreaterThan(40);
    expect(await run('SELECT count(), max(a) FROM table(blocks)')).toBe(`${stored}\t${stored - 1}\n`);
  });

  it('put rows where sharding_expr says, else where Kafka puts their keys', async () => {
    await run("CREATE STREAM sharded (a int64) SETTINGS shards = 3, sharding_expr = 'a'");
    await run('INSERT INTO sharded VALUES (0), (1), (2), (-1), (7)');
    expect(await run('SELECT _tp_shard, a FROM table(sharded) ORDER BY a')).toBe('2\t-1\n0\t0\n1\t1\n2\t2\n1\t7\n');
    await run('CREATE STREAM keyed (a string, b int32) PRIMARY KEY (a, b) SETTINGS shards = 3');
    await run("INSERT INTO keyed VALUES ('x', 1); INSERT INTO keyed SELECT 'x', 1");
    expect(await run('SELECT count(), count_distinct(_tp_shard), min(_tp_message_key) FROM table(keyed)')).toBe('2\t1\tx\\01\n');
  });

  it('make a stream anew after it was dropped', async () => {
    await run('CREATE STREAM again (a int32); INSERT INTO again VALUES (1); DROP STREAM again; CREATE STREAM again (a string)');
    await run("INSERT INTO again VALUES ('new')");
    expect(await run('SELECT a FROM table(again)')).toBe('new\n');
  });

  it('take the event time of a row from the statement or the clock', async () => {
    await run('CREATE STREAM timed (a int32)');
    await run(
      'INSERT INTO timed (a, _tp_time) VALUES (1, \'2026-01-01 00:00:00.250\'); INSERT INTO timed FORMAT JSONEachRow {"a":2,"_tp_time":"2026-01-02 00:00:00"}',
    );
    expect(await run('SELECT a, _tp_time FROM table(timed) ORDER BY a')).toBe('1\t2026-01-01 00:00:00.250\n2\t2026-01-02 00:00:00.000\n');
    await run('INSERT INTO timed VALUES (3)');
    expect(Number(await run('SELECT count() FROM table(timed) WHERE _tp_time > now() - INTERVAL 1 MINUTE'))).toBe(1);
  });

  it('read a topic that is there already', async () => {
    await run('CREATE STREAM origin (a int32) SETTINGS shards = 3');
    await run("CREATE STREAM other (a int64, b string) SETTINGS topic = 'origin'");
    await run('INSERT INTO origin VALUES (7)');
    expect(await run('SELECT a, b FROM table(other)')).toBe('7\t\n');
    expect(await fail("CREATE STREAM third (a int64) SETTINGS topic = 'origin', shards = 2")).toMatchObject({ code: '36' });
    await run('DROP STREAM other');
    expect(await run('SELECT a FROM table(origin)')).toBe('7\n');
  });

  it('delete the records of a stream and count on', async () => {
    await run(
      'CREATE STREAM emptied (a int32) SETTINGS shards = 2; INSERT INTO emptied VALUES (1); TRUNCATE STREAM emptied; INSERT INTO emptied VALUES (2)',
    );
    expect(await run('SELECT a FROM table(emptied)')).toBe('2\n');
  });

  it('make, read, show and drop views', async () => {
    await run('CREATE STREAM base (a int32); INSERT INTO base VALUES (1), (2); CREATE VIEW doubled AS SELECT a * 2 AS d FROM base');
    expect(await run('SELECT d FROM table(doubled) ORDER BY d')).toBe('2\n4\n');
    expect(await run("SHOW VIEWS LIKE 'doub%'")).toBe('doubled\n');
    expect(await run('SHOW CREATE VIEW doubled')).toBe('CREATE VIEW doubled AS SELECT a * 2 AS d FROM base\n');
    expect(await fail('DROP STREAM base')).toMatchObject({ code: '630', status: 409 });
    await run('DROP VIEW doubled; DROP STREAM base; DROP STREAM IF EXISTS base');
  });

  it('show functions, settings and formats', async () => {
    expect(await run("SHOW FUNCTIONS LIKE 'lower'")).toMatch(/^lower\tscalar\t/);
    expect(await run("SHOW SETTINGS LIKE 'seek\\\\_%' FORMAT CSV")).toContain('"seek_to"');
    expect(await run("SHOW FORMATS LIKE 'JSON' FORMAT JSONCompactEachRow")).toBe('["JSON",false,true,true]\n');
  });

  it('explain plans and print statements', async () => {
    await run('CREATE STREAM explained (a int32)');
    expect(await run('EXPLAIN SELECT a FROM explained WHERE a > 1')).toContain('Scan explained');
    expect(await run('EXPLAIN SYNTAX select A from explained')).toBe('SELECT A FROM explained\n');
  });

  it('run one after another, and say which one failed', async () => {
    expect(await run('CREATE STREAM several (a int32); INSERT INTO several VALUES (5); SELECT a FROM table(several)')).toBe('5\n');
    expect(await fail('SELECT 1; SELECT nonsense; SELECT 2')).toMatchObject({
      code: '47',
      text: expect.stringContaining('statement 2 of 3'),
    });
    expect(await fail('SELECT a FROM several; SELECT 1')).toMatchObject({ code: '80' });
  });

  it('take placeholders, settings of the request, SET and USE', async () => {
    expect(await run('SELECT {a:int32} + 1, {b:string}', { param_a: '41', param_b: 'it\\tis' })).toBe('42\tit\\tis\n');
    expect(await run('USE default; SET output_format_json_quote_64bit_integers = 0; SELECT to_int64(1) AS a FORMAT JSONEachRow')).toBe(
      '{"a":1}\n',
    );
    expect(
      await run('SELECT to_int64(1) AS a FORMAT JSONEachRow', { output_format_json_quote_64bit_integers: '0', log_comment: 'x' }),
    ).toBe('{"a":1}\n');
    expect(await fail('SELECT 1', { seek_too: 'earliest' })).toMatchObject({
      code: '115',
      text: expect.stringContaining('did you mean seek_to?'),
    });
  });
});

describe('errors', () => {
  it.each([
    ['SELEC 1', 400, '62', 'hint: did you mean SELECT?'],
    ['SELECT x FROM carz', 404, '60', 'did you mean cars?'],
    ['SELECT spee FROM cars', 404, '47', 'did you mean speed?'],
    ['SELECT lowr(id) FROM cars', 404, '46', 'did you mean lower?'],
    ['SELECT 1 FORMAT JSONN', 400, '73', 'did you mean JSON?'],
    ['CREATE STREAM cars (a int32)', 409, '57', 'the stream cars exists already'],
    ['SELECT * FROM cars FORMAT JSON', 400, '36', 'the format JSON needs the whole result'],
    ['SELECT * FROM cars EMIT CHANGELOG', 501, '48', 'not supported'],
    ['INSERT INTO cars (speeed) VALUES (1)', 404, '47', 'did you mean speed?'],
    ['', 400, '62', 'holds no statement'],
  ])('%s', async (sql, status, code, text) => {
    const answer = await fail(sql);
    expect(answer).toMatchObject({ status, code });
    expect(answer.text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: [^]*\\([A-Z_]+\\)`));
    expect(answer.text).toContain(text);
  });

  it('draw a frame around what is wrong', async () => {
    expect((await fail('SELECT id,\n  spee FROM cars')).text).toContain('2 |   spee FROM cars\n      ^^^^');
  });

  it('refuse to change anything by GET', async () => {
    const url = `${server.url}/?query=${encodeURIComponent('CREATE STREAM got (a int32)')}`;
    const response = await fetch(url);
    expect([response.status, response.headers.get('x-clickhouse-exception-code')]).toEqual([403, '164']);
    expect(await (await fetch(`${server.url}/?query=SELECT%201`)).text()).toBe('1\n');
  });

  it('come as a last line when rows were sent before', async () => {
    await run("CREATE STREAM failing (a string); INSERT INTO failing VALUES ('1')");
    const response = await open('SELECT to_int32(a) AS n FROM failing', { seek_to: 'earliest' });
    expect(await line(response)).toBe('{"n":1}');
    await run("INSERT INTO failing VALUES ('no number')");
    expect(JSON.parse(await line(response))).toEqual({ exception: expect.stringMatching(/^Code: 53\. DB::Exception: .*no number/) });
  });
});

describe('streaming', () => {
  it('sends headers as soon as the query is positioned, and rows as they come', async () => {
    await run("CREATE STREAM ticks (n int32, t datetime64(3)) SETTINGS event_time_column = 't'");
    const response = await open('SELECT window_start, sum(n) AS total FROM tumble(ticks, 5s) GROUP BY window_start', {
      query_id: 'q-ticks',
    });
    expect(response.headers).toMatchObject({ 'x-clickhouse-query-id': 'q-ticks', 'x-clickhouse-format': 'JSONEachRow' });
    await run("INSERT INTO ticks VALUES (1, '2026-01-01 00:00:01'), (2, '2026-01-01 00:00:04')");
    await run("INSERT INTO ticks VALUES (4, '2026-01-01 00:00:06')");
    expect(JSON.parse(await line(response))).toEqual({ window_start: '2026-01-01 00:00:00.000', total: '3' });
    await run("INSERT INTO ticks VALUES (8, '2026-01-01 00:00:02')");
    const live = await run("EXPLAIN LIVE 'q-ticks'");
    expect(live).toMatch(/scan ticks: in=\d out=\d/);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('millrace_query_late_rows_total{query_id="q-ticks"}');
    response.destroy();
  });

  it('ends a query when its client goes away', async () => {
    const response = await open('SELECT n FROM ticks', { query_id: 'q-gone' });
    expect(await run('SHOW QUERIES')).toContain('q-gone');
    response.destroy();
    await expect.poll(() => run('SHOW QUERIES'), { timeout: 1000, interval: 20 }).not.toContain('q-gone');
  });

  it('refuses a second query of the same id', async () => {
    const response = await open('SELECT n FROM ticks', { query_id: 'q-twice' });
    expect(await fail('SELECT n FROM ticks', { query_id: 'q-twice' })).toMatchObject({
      code: '36',
      text: expect.stringContaining('q-twice is running already'),
    });
    response.destroy();
  });

  it('kills a query, whose client is told', async () => {
    const response = await open('SELECT n FROM ticks', { query_id: 'q-kill' });
    expect(await run("KILL QUERY WHERE query_id = 'q-kill'")).toBe('q-kill\tkilled\n');
    expect(JSON.parse(await line(response))).toEqual({ exception: expect.stringContaining('Code: 394.') });
    expect(await run("KILL QUERY WHERE query_id = 'q-none'")).toBe('');
  });

  it('ends the queries over a stream that is dropped', async () => {
    await run('CREATE STREAM dropped (a int32)');
    const response = await open('SELECT a FROM dropped');
    await run('DROP STREAM dropped');
    expect(JSON.parse(await line(response))).toEqual({ exception: expect.stringContaining('Code: 60.') });
  });
});

describe('HTTP', () => {
  it('compresses both ways by the headers', async () => {
    const response = await post(gzipSync('SELECT 1 + 1'), {}, { 'content-encoding': 'gzip' });
    expect(await response.text()).toBe('2\n');
    const raw = await new Promise<IncomingMessage>((resolve) =>
      get(`${server.url}/?query=SELECT+7`, { headers: { 'accept-encoding': 'gzip' } }, resolve),
    );
    const parts: Buffer[] = [];
    for await (const part of raw) parts.push(part as Buffer);
    expect([raw.headers['content-encoding'], gunzipSync(Buffer.concat(parts)).toString()]).toEqual(['gzip', '7\n']);
  });

  it('answers only to its own names and origins, before anything is parsed', async () => {
    const ask = (headers: Record<string, string>) =>
      new Promise<number>((resolve) =>
        request(server.url, { method: 'POST', headers }, ({ statusCode }) => resolve(statusCode!)).end('CREATE STREAM evil (a int32)'),
      );
    expect(await ask({ host: 'evil.example' })).toBe(403);
    expect(await ask({ origin: 'https://evil.example' })).toBe(403);
    expect(await run("SHOW STREAMS LIKE 'evil'")).toBe('');
  });

  it('says how it is', async () => {
    const text = async (path: string) => (await fetch(server.url + path)).text();
    expect(await text('/ping')).toBe('Ok.\n');
    expect(await text('/healthz')).toBe('up\n');
    expect(await text('/readyz')).toBe('ready\n');
    expect(await text('/metrics')).toContain('process_cpu_seconds_total');
    expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
  });

  it('survives what is no HTTP', async () => {
    await new Promise<void>((resolve) => {
      const socket = createConnection(Number(new URL(server.url).port), '127.0.0.1', () => socket.end('\x00\x01garbage\r\n\r\n'));
      socket.on('close', () => resolve());
      socket.on('error', () => {});
      socket.resume();
    });
    expect(await run('SELECT 1')).toBe('1\n');
  });
});

describe('REST', () => {
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(server.url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return { status: response.status, body: response.ok ? JSON.parse(text) : text };
  };

  it('makes, lists, fills and drops streams', async () => {
    const columns = [
      { name: 'a', type: 'int32' },
      { name: 'b', type: 'string', default: "'none'" },
    ];
    expect(await call('POST', '/proton/v1/ddl/streams', { name: 'rest', columns, shards: 2 })).toMatchObject({ status: 200 });
    expect((await call('GET', '/timeplusd/v1/ddl/streams/rest')).body.data[0]).toMatchObject({
      name: 'rest',
      shards: 2,
      columns: [{ name: 'a' }, { name: 'b', default: "'none'" }],
    });
    expect((await call('POST', '/proton/v1/ingest/streams/rest', { columns: ['a'], data: [[1], [2]] })).body).toMatchObject({
      rows: 2,
      batches: 1,
    });
    expect(await call('POST', '/proton/v1/ingest/streams/rest', { columns: ['a'], data: [[3], ['x']] })).toMatchObject({
      status: 400,
      body: expect.stringContaining('row 2, column a'),
    });
    expect(await run('SELECT a, b FROM table(rest) ORDER BY a')).toBe('1\tnone\n2\tnone\n');
    const found = await fetch(`${server.url}/proton/v1/search`, {
      method: 'POST',
      body: JSON.stringify({ query: 'SELECT count() AS n FROM table(rest)' }),
    });
    expect(await found.text()).toBe('["n"]\n["uint64"]\n["2"]\n');
    expect((await call('DELETE', '/proton/v1/ddl/streams/rest')).status).toBe(200);
    expect(await call('DELETE', '/proton/v1/ddl/streams/rest')).toMatchObject({ status: 404, body: expect.stringContaining('Code: 60.') });
  });

  it.each([
    [{ name: 'a', type: 'int32, b string' }],
    [{ name: 'a', type: "int32) SETTINGS topic = ('x'" }],
    [{ name: 'a', type: 'int32', default: '1); DROP STREAM cars; SELECT (1' }],
    [{ name: 'a', type: 'int32', default: '1); DROP STREAM cars; --' }],
    [null],
  ])('takes type and default of a column for nothing else: %j', async (column) => {
    expect(await call('POST', '/proton/v1/ddl/streams', { name: 'smuggled', columns: [column] })).toMatchObject({ status: 400 });
    expect(await run("SHOW STREAMS LIKE 'cars'")).toBe('cars\n');
    expect(await run("SHOW STREAMS LIKE 'smuggled'")).toBe('');
  });

  it('refuses rows that are nested too deep', async () => {
    await run('CREATE STREAM deep (a string)');
    const body = `{"columns":["a"],"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const response = await fetch(`${server.url}/proton/v1/ingest/streams/deep`, { method: 'POST', body });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('nested too deep')]);
  });

  it('stores a request with an id once, however often and at once it comes', async () => {
    await run('CREATE STREAM once (a int32)');
    const ingest = () =>
      call('POST', '/proton/v1/ingest/streams/once', { columns: ['a'], data: [[1]] }, { 'x-timeplus-idempotent-id': 'id-1' });
    const answers = [...(await Promise.all([ingest(), ingest(), ingest()])), await ingest()];
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await run('SELECT count() FROM table(once)')).toBe('1\n');
  });

  it('tells what it is', async () => {
    expect((await call('GET', '/proton/ping')).body).toEqual({ status: 'UP' });
    expect((await call('GET', '/proton/info')).body).toMatchObject({ name: 'Millrace', timezone: 'UTC' });
  });
});

describe("ClickHouse's own client, unmodified", () => {
  it('pings, commands, inserts, queries, streams and is told of errors', async () => {
    const client = createClient({ url: server.url, log: { level: ClickHouseLogLevel.OFF } });
    expect(await client.ping()).toMatchObject({ success: true });
    await client.command({ query: 'CREATE STREAM clicks (id int64, page string, at datetime64(3))' });
    await client.insert({
      table: 'clicks',
      format: 'JSONEachRow',
      values: [
        { id: '1', page: 'home', at: '2026-01-01 00:00:00' },
        { id: '2', page: 'shop', at: '2026-01-01 00:00:01' },
      ],
    });
    await client.insert({ table: 'clicks', format: 'JSONCompactEachRow', columns: ['id', 'page'], values: [['3', 'home']] });
    const found = await client.query({
      query: 'SELECT page, count() AS n FROM table(clicks) WHERE id < {max:int64} GROUP BY page ORDER BY page',
      query_params: { max: 3 },
      format: 'JSONEachRow',
    });
    expect(await found.json()).toEqual([
      { page: 'home', n: '1' },
      { page: 'shop', n: '1' },
    ]);
    const whole = await client.query({ query: 'SELECT id FROM table(clicks) ORDER BY id' });
    expect((await whole.json()).data).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);

    const live = await client.query({ query: 'SELECT id, page FROM clicks', format: 'JSONEachRow' });
    const rows = live.stream()[Symbol.asyncIterator]();
    await client.insert({ table: 'clicks', format: 'JSONEachRow', values: [{ id: '4', page: 'cart' }] });
    const first = (await rows.next()).value as { json(): unknown }[];
    expect(first[0]!.json()).toEqual({ id: '4', page: 'cart' });
    live.close();

    await expect(client.query({ query: 'SELECT nonsense FROM table(clicks)' })).rejects.toMatchObject({
      code: '47',
      type: 'UNKNOWN_IDENTIFIER',
    });
    await client.close();
  });
});

describe('life cycle', () => {
  it('keeps what it acknowledged over a restart, and tells clients why their queries end', async () => {
    const first = await start('restart');
    const ask = async (url: string, sql: string) => (await fetch(url, { method: 'POST', body: sql })).text();
    await ask(first.url, 'CREATE STREAM kept (a int32); INSERT INTO kept VALUES (1), (2)');
    const live = await fetch(first.url, { method: 'POST', body: 'SELECT a FROM kept FORMAT JSONEachRow' });
    const [told] = await Promise.all([live.text(), first.close()]);
    expect(JSON.parse(told)).toEqual({ exception: expect.stringContaining('the server is shutting down') });
    const second = await start('restart');
    expect(await ask(second.url, 'SELECT a FROM table(kept) ORDER BY a')).toBe('1\n2\n');
    await second.close();
  });

  it('refuses a directory that another server holds, and a port that is taken, and leaves nothing open', async () => {
    await expect(start('data')).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
    const port = Number(new URL(server.url).port);
    await expect(start('taken', { 'http.port': port })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining('http.port'),
    });
    await expect(start('taken', { 'broker.port': Number(server.kafkaAddress.split(':')[1]) })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      hint: expect.stringContaining('--brokers'),
    });
    await (await start('taken')).close();
  });

  it('names its parts and how long each took to open', () => {
    expect(server.bootTimes.map(({ name }) => name)).toEqual([
      'data directory',
      'catalog',
      'broker',
      'kafka',
      'engine',
      'views',
      'pipes',
      'http',
    ]);
  });

  it('works with a Kafka that runs elsewhere', async () => {
    const guest = await start('guest', { 'kafka.brokers': server.kafkaAddress });
    expect([guest.isBrokerEmbedded, guest.brokers]).toEqual([false, [server.kafkaAddress]]);
    const answer = await fetch(guest.url, {
      method: 'POST',
      body: "CREATE STREAM c2 (id string) SETTINGS topic = 'cars'; SELECT count() FROM table(c2)",
    });
    expect(await answer.text()).toBe('4\n');
    await guest.close();
  });
});
