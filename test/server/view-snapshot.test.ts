import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdmin } from '@millrace/kafka-client';
import { createServer, loadConfiguration, type MillraceServer } from '@millrace/server';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

let directory: string;
let server: MillraceServer;

const openServer = () => {
  const flags = { data_dir: directory, 'http.port': 0, 'broker.port': 0, timezone: 'UTC' };
  return createServer(loadConfiguration({ workingDirectory: directory, flags }), { engine: { inProcess: true } });
};
const run = async (body: string) => {
  const response = await fetch(`${server.url}?default_format=TabSeparated`, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text.trim();
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  server = await openServer();
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('the snapshot of a materialized view in the data directory', () => {
  it('is passed over if it is none, and removed with the view', async () => {
    await run('CREATE STREAM s (x int64)');
    await run('CREATE MATERIALIZED VIEW total AS SELECT sum(x) AS sum FROM s EMIT ON UPDATE');
    await run('INSERT INTO s VALUES (1), (2)');
    await run('FLUSH');
    const id = /"millrace\.changelog\.total\.([0-9a-f]+)"/.exec(JSON.stringify(await topics()))![1]!;
    await server.close();
    const path = join(directory, 'views', `${id}.snapshot`);
    writeFileSync(path, 'no snapshot at all');
    writeFileSync(join(directory, 'views', 'gone.snapshot'), 'of a view that was dropped');

    server = await openServer();
    await run('INSERT INTO s VALUES (4)');
    await run('FLUSH');
    expect(readdirSync(join(directory, 'views'))).toEqual([]);
    expect(await run('SELECT max(sum) FROM table(total)')).toBe('7');

    writeFileSync(path, 'no snapshot either');
    await run('DROP VIEW total');
    await vi.waitFor(() => expect(existsSync(path)).toBe(false));
  });
});

async function topics(): Promise<string[]> {
  const admin = createAdmin({ brokers: server.brokers, clientId: 'test' });
  try {
    return await admin.listTopics();
  } finally {
    await admin.close();
  }
}
