import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, expect } from 'vitest';
import { FaultServer } from './fault-server.ts';
import { playRows } from './play-rows.ts';

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.open({ max_client_stall: '20s', 'memory.budget': '100KiB' });
});
afterAll(() => server.close());

/** A stream of its own for each situation, over which the query runs when something happens. */
let streams = 0;
async function failureOf(select: string, happen: (stream: string, queryId: string) => Promise<unknown>): Promise<string> {
  const stream = `s${streams++}`;
  await server.run(`CREATE STREAM ${stream} (car string, n int32)`);
  const query = await server.open(`SELECT ${select} FROM ${stream}`, { query_id: `q-${stream}` });
  await server.run(`INSERT INTO ${stream} VALUES ('1', 1)`);
  await query.waitForRows(1, 10_000);
  await happen(stream, query.queryId);
  const failure = await query.failure();
  expect(query.takeRows().filter((row) => row.trim() !== '')).toEqual(['1']);
  return failure;
}

async function withoutTopic(use: (stream: string) => Promise<string>): Promise<string> {
  const stream = `s${streams++}`;
  await server.run(`CREATE STREAM ${stream} (car string)`);
  await server.deleteTopic(stream);
  const said = await use(stream);
  await server.run(`DROP STREAM ${stream}; CREATE STREAM ${stream} (car string); INSERT INTO ${stream} VALUES ('anew')`);
  expect(await server.run(`SELECT car FROM table(${stream})`)).toEqual(['anew']);
  return said;
}

playRows(
  'Queries that run',
  {
    'a cast that fails': () => failureOf('to_int32(car)', (stream) => server.run(`INSERT INTO ${stream} VALUES ('x', 1)`)),
    'an integer is divided by zero': () => failureOf('int_div(1, n)', (stream) => server.run(`INSERT INTO ${stream} VALUES ('x', 0)`)),
    'the query is killed': () => failureOf('car', (_stream, queryId) => server.run(`KILL QUERY WHERE query_id = '${queryId}'`)),
    'the stream is dropped under a query': () => failureOf('car', (stream) => server.run(`DROP STREAM ${stream}`)),
    'the topic is deleted from outside under a query': () => failureOf('car', (stream) => server.deleteTopic(stream)),
    'a query over a stream whose topic is gone': () => withoutTopic((stream) => server.say(`SELECT car FROM ${stream}`)),
    'an INSERT into a stream whose topic is gone': () => withoutTopic((stream) => server.say(`INSERT INTO ${stream} VALUES ('lost')`)),
    'a second query of the same id': async () => {
      const first = await server.open('SELECT n FROM witness', { query_id: 'twice' });
      const said = await server.say('SELECT n FROM witness', { query_id: 'twice' });
      expect(first.isOver).toBe(false);
      await first.close();
      return said;
    },
    'the state of a query outgrows its bound': async () => {
      await server.run('CREATE STREAM wide (k int32)');
      const rows = Array.from({ length: 20_000 }, (_, k) => JSON.stringify({ k })).join('\n');
      await server.say(rows, { query: 'INSERT INTO wide FORMAT JSONEachRow' });
      const said = await server.say('SELECT k, count() FROM table(wide) GROUP BY k');
      expect(await server.run('SELECT count() FROM table(wide)')).toEqual(['20000']);
      return said;
    },
    'a client that takes no rows for too long': async () => {
      await server.run('CREATE STREAM flood (text string)');
      const text = 'x'.repeat(500_000);
      for (let i = 0; i < 40; i++) await server.say(JSON.stringify({ text }), { query: 'INSERT INTO flood FORMAT JSONEachRow' });
      const stalled = await new Promise<IncomingMessage>((resolve, reject) =>
        request(`${server.url}?query_id=stalled&seek_to=earliest`, { method: 'POST', agent: false }, resolve)
          .on('error', reject)
          .end('SELECT text FROM flood'),
      );
      while ((await server.run('SHOW QUERIES')).some((line) => line.startsWith('stalled'))) server.clock.advance(1_000);
      const failed = new Promise<Error>((resolve) => stalled.once('error', resolve));
      stalled.resume();
      expect(await failed).toMatchObject({ code: 'ECONNRESET' });
      return server.log.join('\n');
    },
  },
  () => server.isIntact(),
);
