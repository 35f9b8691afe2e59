import { request } from 'node:http';
import { afterAll, beforeAll, expect } from 'vitest';
import { FaultServer } from './fault-server.ts';
import { playRows } from './play-rows.ts';

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.open();
  await server.run('CREATE STREAM trips (car string)');
});
afterAll(() => server.close());

/** Asks for something that must not happen. */
async function dropWith(headers: Record<string, string>, method = 'POST', path = '/', body = 'DROP STREAM trips'): Promise<string> {
  const said = await new Promise<string>((resolve, reject) => {
    const sent = request(server.url + path, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end(body);
  });
  expect(await server.run('SHOW STREAMS')).toContain('trips');
  return said;
}

playRows(
  'Requests',
  {
    'a POST from a foreign Origin': () => dropWith({ origin: 'https://evil.example' }),
    'a foreign Host': () => dropWith({ host: 'evil.example' }),
    'GET that would change something': () => dropWith({}, 'GET', '/?query=DROP+STREAM+trips', ''),
    'a user other than default': () => dropWith({ 'x-clickhouse-user': 'root' }),
    'an unknown Content-Encoding': () => dropWith({ 'content-encoding': 'lzw' }),
    'a body that is not what Content-Encoding says': () => dropWith({ 'content-encoding': 'gzip' }),
    'an unknown path': () => dropWith({}, 'POST', '/sql'),
  },
  () => server.isIntact(),
);
