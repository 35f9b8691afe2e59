import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestBroker } from '../harness/broker.ts';
import { openTestServer, type TestServer } from '../harness/server.ts';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

/** Two servers of one cluster. */
let broker: Awaited<ReturnType<typeof openTestBroker>>;
let one: PipeWorld;
let other: TestServer;
let stream: string;
let pipe: string;

beforeAll(async () => {
  broker = await openTestBroker();
  const cluster = freshName('cluster');
  one = await openPipeWorld({ cluster }, broker.brokers);
  other = await openTestServer(broker.brokers, { cluster });
});
afterAll(async () => {
  await one.close();
  await other.close();
  await broker.close();
});

beforeEach(async () => {
  stream = freshName('s');
  pipe = freshName('p');
  one.target.arrived.length = 0;
  await one.execute(`CREATE STREAM ${stream} (k string, v int32) PRIMARY KEY (k) SETTINGS shards = 4`);
});

const insert = (server: TestServer, from: number, count: number) =>
  server.execute(
    `INSERT INTO ${stream} (k, v) VALUES ${Array.from({ length: count }, (_, i) => `('k${i % 20}', ${from + i})`).join(', ')}`,
  );
const create = (processor = '') =>
  one.execute(`CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${stream}') ${processor} ${one.target.connector}`);
/** The columns of the pipe as this server shows them. */
const shownBy = async (server: TestServer) => (await server.execute(`SHOW PIPE ${pipe}`))[0]!.split('\t');
const sorted = () => (one.target.values() as number[]).toSorted((a, b) => a - b);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('a pipe of a cluster', () => {
  it('is known to all servers, whichever made it, and each row is delivered once', async () => {
    await create();
    await other.execute(`START PIPE ${pipe}`);
    await insert(one, 0, 100);
    await insert(other, 100, 100);
    await one.target.untilRows(200);
    await one.untilDelivered(pipe);
    expect(sorted()).toEqual(numbers(200));
    for (const server of [one, other]) expect((await shownBy(server)).slice(2, 3)).toEqual(['RUNNING']);
    expect(await other.execute(`CREATE PIPE IF NOT EXISTS ${pipe} ${one.target.connector}`)).toEqual([]);
  });

  it('is stopped and dropped by any of them, for all', async () => {
    await create();
    await one.execute(`START PIPE ${pipe}`);
    await insert(one, 0, 40);
    await one.target.untilRows(40);
    await other.execute(`STOP PIPE ${pipe}`);
    await insert(other, 40, 40);
    expect((await shownBy(one))[2]).toBe('STOPPED');
    await one.execute(`START PIPE ${pipe}`);
    await one.target.untilRows(80);
    await other.execute(`DROP PIPE ${pipe}`);
    expect(await one.execute(`SHOW PIPES LIKE '${pipe}'`)).toEqual([]);
    expect(new Set(sorted())).toEqual(new Set(numbers(80)));
  });

  it('that fails on one of them is stopped on all, with what it has failed with', async () => {
    await create(`WITH PROCESSOR ('processor'='throwing-exception-processor', 'column'='v', 'value'='7', 'message'='no sevens')`);
    await one.execute(`START PIPE ${pipe}`);
    await insert(one, 0, 20);
    await one.untilPipe(pipe, ({ State }) => State === 'STOPPED');
    await insert(other, 20, 1);
    for (const server of [one, other]) expect((await shownBy(server))[6]).toContain('no sevens');
  });
});

describe('a plugin of a cluster', () => {
  it('that one server installs the others install as well, and lose when it is dropped', async () => {
    const name = freshName('plugin').replaceAll('_', '-').slice(0, -1);
    const folder = join(one.directory, name);
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name, version: '1.0.0', type: 'module', millrace: { sdk: '^1', plugins: './index.js' } }),
    );
    writeFileSync(
      join(folder, 'index.js'),
      `import { a, defineProcessor } from '@millrace/sdk';\nexport default defineProcessor({ name: '${name}', summary: 'Doubles.', attributes: a.object({}), map: (row) => ({ ...row, v: Number(row.v) * 2 }) });\n`,
    );
    await one.execute(`CREATE PIPEPLUGIN "${name}" AS 'default' USING URI '${pathToFileURL(folder).href}'`);
    await create(`WITH PROCESSOR ('processor'='${name}')`);
    await one.execute(`START PIPE ${pipe}`);
    await insert(other, 0, 50);
    await one.target.untilRows(50);
    expect(sorted()).toEqual(numbers(50).map((v) => v * 2));
    const known = async () => (await other.execute(`SHOW PIPEPLUGINS LIKE '${name}'`)).map((row) => row.split('\t')[4]);
    expect(await known()).toEqual(['None']);
    await one.execute(`DROP PIPE ${pipe}; DROP PIPEPLUGIN "${name}"`);
    while ((await known()).length > 0);
  });
});
