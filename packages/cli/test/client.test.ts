import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../src/api/client.ts';
import { ServerError, Unreachable } from '../src/api/errors.ts';

/** What the other side of the wire does; the real server has its own tests. */
let server: Server;
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ApiClient> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const ndjson = { 'X-ClickHouse-Format': 'JSONEachRow', 'X-ClickHouse-Query-Id': 'q' };

describe('ApiClient', () => {
  it('sends statement, format, parameters and settings, and reads rows', async () => {
    const client = await serve(async (request, response) => {
      const { searchParams } = new URL(request.url!, 'http://x');
      response.writeHead(200, ndjson).end(`${JSON.stringify({ body: await text(request), ...Object.fromEntries(searchParams) })}\n`);
    });
    const rows = await client.rows('SELECT {n:int8}', { parameters: { n: '1' }, settings: { seek_to: 'earliest' } });
    expect(rows).toEqual([{ body: 'SELECT {n:int8}', default_format: 'JSONEachRow', param_n: '1', seek_to: 'earliest' }]);
  });

  it('sends INSERT data beside the statement, as a stream too', async () => {
    const client = await serve(async (request, response) => {
      const sql = new URL(request.url!, 'http://x').searchParams.get('query');
      response.writeHead(200, ndjson).end(`${JSON.stringify({ sql, data: await text(request) })}\n`);
    });
    const sql = 'INSERT INTO t FORMAT CSV';
    expect(await client.rows(sql, { data: '1\n' })).toEqual([{ sql, data: '1\n' }]);
    expect(await client.rows(sql, { data: Readable.from(['1\n', '2\n']) })).toEqual([{ sql, data: '1\n2\n' }]);
  });

  it('throws what the server answers instead of a result', async () => {
    const client = await serve((_, response) => response.writeHead(400).end('Code: 62. DB::Exception: no. (SYNTAX_ERROR)\nhint: try\n'));
    await expect(client.rows('x')).rejects.toMatchObject({ number: 62, codeName: 'SYNTAX_ERROR', message: 'no', hint: 'try' });
    await expect(client.rows('x')).rejects.toBeInstanceOf(ServerError);
  });

  it('says that no server answers', async () => {
    const client = await serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    await expect(client.rows('x')).rejects.toBeInstanceOf(Unreachable);
    await expect(client.rows('x')).rejects.toThrow(`no server answers at ${client.url}`);
  });

  it('says that the server went away in the middle of an answer', async () => {
    const client = await serve((_, response) => {
      response.writeHead(200, ndjson);
      response.write('{"n":1}\n', () => response.destroy());
    });
    await expect(client.rows('x')).rejects.toThrow(/went away before its answer was complete/);
  });

  it('closes the connection when the reader stops', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const client = await serve((_, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(200, ndjson).write('{"n":1}\n');
    });
    for await (const line of (await client.execute('x')).lines()) {
      expect(line).toBe('{"n":1}');
      break;
    }
    await closed;
  });

  it('ends with the reason of the signal', async () => {
    const abort = new AbortController();
    const client = await serve((_, response) => response.writeHead(200, ndjson).flushHeaders());
    const answer = await client.execute('x', { signal: abort.signal });
    expect(answer.queryId).toBe('q');
    const read = answer.text();
    abort.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
  });
});
