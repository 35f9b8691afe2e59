import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, loadConfiguration, type MillraceServer } from '@millrace/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../harness/execute.ts';
import { HttpTarget } from './http-target.ts';

/** A server in this process on a directory that outlives it. Its pipes run in threads, as they do outside of tests. */
const directory = mkdtempSync(join(tmpdir(), 'millrace-pipes-restart-'));
const flags = { data_dir: join(directory, 'data'), 'http.port': 0, 'broker.port': 0, timezone: 'UTC' };
let server: MillraceServer;
let target: HttpTarget;

const start = async () => {
  server = await createServer(loadConfiguration({ workingDirectory: directory, flags }));
};
const run = (sql: string) => execute(server.url, sql);
const insert = (from: number, count: number) =>
  run(`INSERT INTO s (k, v) VALUES ${Array.from({ length: count }, (_, i) => `('k', ${from + i})`).join(', ')}`);

beforeAll(async () => {
  target = await HttpTarget.open();
  await start();
  await run('CREATE STREAM s (k string, v int32)');
});
afterAll(async () => {
  await server.close();
  await target.goAway();
  rmSync(directory, { recursive: true, force: true });
});

describe('a server that ends in order and starts again', () => {
  it('has stored how far its pipes are: those that ran go on and nothing comes twice, those that were stopped stay so', async () => {
    const ofStream = "WITH EXTRACTOR ('pattern'='root.s.')";
    await run(`CREATE PIPE running ${ofStream} ${target.connector}; START PIPE running`);
    await run(`CREATE PIPE resting ${ofStream} ${target.connector}; START PIPE resting; STOP PIPE resting`);
    await insert(0, 100);
    await target.untilRows(100);
    for (let round = 1; round <= 2; round++) {
      await server.close();
      await start();
      expect(
        (await run('SHOW PIPES')).map((row) =>
          row
            .split('\t')
            .slice(0, 3)
            .filter((_, i) => i !== 1),
        ),
      ).toEqual([
        ['resting', 'STOPPED'],
        ['running', 'RUNNING'],
      ]);
      await insert(round * 100, 100);
      await target.untilRows((round + 1) * 100);
    }
    expect(target.values()).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });
});
