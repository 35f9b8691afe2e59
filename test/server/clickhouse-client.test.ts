import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../harness/server.ts';

/** ClickHouse's own client, unmodified. */
let server: TestServer;
let client: ReturnType<typeof createClient>;
beforeAll(async () => {
  server = await openTestServer();
  client = createClient({ url: server.url });
});
afterAll(async () => {
  await client.close();
  await server.close();
});

describe('@clickhouse/client', () => {
  it('pings', async () => {
    expect(await client.ping()).toMatchObject({ success: true });
  });

  it('runs commands, inserts and queries', async () => {
    await client.command({ query: 'CREATE STREAM c (id uint64, name string, tags array(string))' });
    await client.insert({
      table: 'c',
      values: [
        { id: '18446744073709551615', name: 'é"\n', tags: ['a', 'b'] },
        { id: 2, name: 'b', tags: [] },
      ],
      format: 'JSONEachRow',
    });
    const result = await client.query({ query: 'SELECT id, name, tags FROM table(c) ORDER BY id', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([
      { id: '2', name: 'b', tags: [] },
      { id: '18446744073709551615', name: 'é"\n', tags: ['a', 'b'] },
    ]);
  });

  it('reads whole results with names and types', async () => {
    const result = await client.query({ query: 'SELECT 1 AS one, {text:string} AS text', query_params: { text: "it's" }, format: 'JSON' });
    expect(await result.json()).toMatchObject({
      data: [{ one: 1, text: "it's" }],
      rows: 1,
      meta: [{ name: 'one' }, { name: 'text', type: 'string' }],
    });
  });

  it('streams a live query', async () => {
    await client.command({ query: 'CREATE STREAM live (n int32)' });
    const result = await client.query({ query: 'SELECT n FROM live LIMIT 2', format: 'JSONEachRow' });
    await client.insert({ table: 'live', values: [{ n: 1 }, { n: 2 }], format: 'JSONEachRow' });
    const rows: unknown[] = [];
    for await (const batch of result.stream()) for (const row of batch as { json(): unknown }[]) rows.push(row.json());
    expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('gets errors with their number and name', async () => {
    await expect(client.query({ query: 'SELECT x FROM nowhere' })).rejects.toMatchObject({ code: '60', type: 'UNKNOWN_STREAM' });
    await expect(client.query({ query: 'SELEC 1' })).rejects.toMatchObject({ code: '62', type: 'SYNTAX_ERROR' });
  });
});
