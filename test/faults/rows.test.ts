import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect } from 'vitest';
import { FaultServer } from './fault-server.ts';
import { playRows } from './play-rows.ts';

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.open({ 'http.max_body_size': '32MiB' });
  await server.run(
    "CREATE STREAM trips (car string, n int32, at datetime64(3)) SETTINGS event_time_column = 'at'; CREATE STREAM blocks (n int32); CREATE STREAM raw (n int32, at datetime64(3)) SETTINGS event_time_column = 'at'",
  );
});
afterAll(() => server.close());

const good = '{"car":"a","n":1,"at":"2026-01-01 00:00:00"}';
const large = 'x'.repeat(5 * 2 ** 20);

/** Refused whole: the good row before the bad one is not there either. */
async function insert(badRow: string): Promise<string> {
  const said = await server.say(`${good}\n${badRow}\n`, { query: 'INSERT INTO trips FORMAT JSONEachRow' });
  expect(await server.run('SELECT car FROM table(trips)')).toEqual([]);
  return said;
}

async function ingest(body: string): Promise<string> {
  const response = await fetch(`${server.url}/proton/v1/ingest/streams/trips`, { method: 'POST', body });
  expect(await server.run('SELECT car FROM table(trips)')).toEqual([]);
  return response.text();
}

/** What EXPLAIN LIVE says of a query over records that were written past the server. */
async function explainLive(sql: string, records: readonly string[], rowsIn: number): Promise<string> {
  const query = await server.open(sql);
  await server.produce('raw', records);
  await query.waitForRows(1, 10_000);
  for (;;) {
    const live = await server.say(`EXPLAIN LIVE '${query.queryId}'`);
    if (!live.includes(`in=${rowsIn} `)) continue;
    await query.close();
    return live;
  }
}

/** fetch waits for its whole body to be sent; the answer may come before. */
function sendUntilAnswered(body: Buffer, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}?query=INSERT+INTO+trips+FORMAT+JSONEachRow`, { method: 'POST', headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(Buffer.concat(parts).toString()));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

playRows(
  'Rows that come in',
  {
    'INSERT with a broken JSON record': () => insert('{"car":"b",n:2}'),
    'INSERT with a value of another type': () => insert('{"car":"b","n":"many","at":"2026-01-01 00:00:00"}'),
    'VALUES that do not fit': async () => {
      const said = await server.say("INSERT INTO trips VALUES ('a', 1, '2026-01-01 00:00:00'), ('b', 3000000000, '2026-01-01 00:00:00')");
      expect(await server.run('SELECT car FROM table(trips)')).toEqual([]);
      return said;
    },
    'a row without its event time': () => insert('{"car":"b","n":2}'),
    'a later block of a large INSERT is broken': async () => {
      const rows = '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n{broken\n';
      const said = await server.say(rows, { query: 'INSERT INTO blocks FORMAT JSONEachRow', max_insert_block: '16' });
      expect(said).toContain('hint: the 4 rows before this block are in; raise max_insert_block to have all or nothing');
      expect(await server.run('SELECT n FROM table(blocks)')).toEqual(['1', '2', '3', '4']);
      return said;
    },
    'a record of 5 MB by INSERT': () => insert(`{"car":"${large}","n":2,"at":"2026-01-01 00:00:00"}`),
    'a record of 5 MB by ingest': () =>
      ingest(
        JSON.stringify({
          columns: ['car', 'at'],
          data: [
            ['a', '2026-01-01 00:00:00'],
            [large, '2026-01-01 00:00:00'],
          ],
        }),
      ),
    'an ingest request that is no JSON': () => ingest('{"columns":["car"],"data":[["a"]'),
    'a body that unpacks to more than is allowed': () =>
      sendUntilAnswered(gzipSync(Buffer.alloc(40 * 2 ** 20, ' ')), { 'content-encoding': 'gzip' }),
    'a record in the topic that cannot be decoded': async () => {
      const live = await explainLive('SELECT n FROM raw', ['{"n":"many"}', '{"n":7}'], 2);
      expect(live).toContain('undecodable=1');
      return live;
    },
    'a late row': async () => {
      const sql = 'SELECT window_start, count() FROM tumble(raw, 5s) GROUP BY window_start';
      const query = await server.open(sql);
      await server.produce('raw', ['{"n":1,"at":"2026-01-01 00:00:07"}']);
      await server.produce('raw', ['{"n":1,"at":"2026-01-01 00:00:12"}']);
      await query.waitForRows(1, 10_000);
      await server.produce('raw', ['{"n":1,"at":"2026-01-01 00:00:03"}']);
      for (;;) {
        const live = await server.say(`EXPLAIN LIVE '${query.queryId}'`);
        if (!live.includes('late row')) continue;
        await query.close();
        expect(query.takeRows()).toEqual(['2026-01-01 00:00:05.000\t1']);
        return live;
      }
    },
  },
  () => server.isIntact(),
);
