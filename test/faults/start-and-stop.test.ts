import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { root } from '../architecture/workspace.ts';
import { LiveQuery } from '../harness/live-query.ts';
import { freePort, Started } from '../harness/process.ts';
import { playRows } from './play-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-start-'));
let httpPort: number;
let brokerPort: number;
let url: string;
let server: Started;

/** The command as users run it. */
function millrace(dataDirectory: string, ...flags: string[]): Started {
  const program = join(root, 'packages/cli/bin/millrace.js');
  return new Started(process.execPath, ['--conditions=source', program, 'server', '--data-dir', dataDirectory, ...flags], { cwd: folder });
}

async function start(): Promise<Started> {
  const started = millrace(join(folder, 'data'), '--http-port', String(httpPort), '--broker-port', String(brokerPort));
  await started.waitFor(/Millrace is ready/);
  return started;
}

beforeAll(async () => {
  httpPort = await freePort();
  brokerPort = await freePort();
  url = `http://127.0.0.1:${httpPort}`;
  server = await start();
  await say('CREATE STREAM witness (n int32); INSERT INTO witness VALUES (0)');
});
afterAll(async () => {
  await server?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function say(sql: string): Promise<string> {
  return (await fetch(url, { method: 'POST', body: sql })).text();
}

/** What a server that cannot start says as it ends. */
async function refusal(dataDirectory: string, ...flags: string[]): Promise<string> {
  const second = millrace(dataDirectory, ...flags);
  expect(await second.exited).toEqual({ code: 1, signal: null });
  return second.output;
}

const anyPorts = ['--http-port', '0', '--broker-port', '0'];

/** Rows by idempotent id, sent again and again until they are acknowledged. */
async function ingest(n: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/proton/v1/ingest/streams/counted`, {
      method: 'POST',
      headers: { 'x-timeplus-idempotent-id': String(n) },
      body: JSON.stringify({ columns: ['n'], data: [[n]] }),
    }).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

playRows(
  'Start and stop',
  {
    'the HTTP port is taken': () => refusal(join(folder, 'other'), '--http-port', String(httpPort), '--broker-port', '0'),
    'the port of the embedded broker is taken': () =>
      refusal(join(folder, 'other'), '--http-port', '0', '--broker-port', String(brokerPort)),
    'the data directory is a file': () => {
      writeFileSync(join(folder, 'file'), '');
      return refusal(join(folder, 'file'), ...anyPorts);
    },
    'the data directory is in use': async () => {
      const said = await refusal(join(folder, 'data'), ...anyPorts);
      expect(said).toContain(`process ${server.child.pid}`);
      return said;
    },
    'the data directory is of a newer format': () => {
      mkdirSync(join(folder, 'newer'));
      writeFileSync(join(folder, 'newer/format'), '999\n');
      return refusal(join(folder, 'newer'), ...anyPorts);
    },
    'the catalog is damaged': () => {
      mkdirSync(join(folder, 'damaged'));
      writeFileSync(join(folder, 'damaged/catalog.sqlite'), 'this is no database, but long enough to look like one'.repeat(100));
      return refusal(join(folder, 'damaged'), ...anyPorts);
    },
    'the configuration is wrong': () => refusal(join(folder, 'other'), '--log-level', 'loud'),
    'SIGTERM while queries run': async () => {
      const queries = await Promise.all([0, 1, 2].map(() => LiveQuery.open(url, 'SELECT n FROM witness')));
      const startMs = performance.now();
      expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(performance.now() - startMs).toBeLessThan(10_000);
      const failures = await Promise.all(queries.map((query) => query.failure()));
      server = await start();
      expect(new Set(failures).size).toBe(1);
      return failures[0]!;
    },
    'the process is killed while rows come in': async () => {
      await say('CREATE STREAM counted (n int32)');
      const wanted = Array.from({ length: 300 }, (_, n) => n);
      const left = [...wanted];
      const clients = Array.from({ length: 8 }, async () => {
        for (let n = left.shift(); n !== undefined; n = left.shift()) await ingest(n);
      });
      while (left.length > 150) await new Promise((resolve) => setImmediate(resolve));
      await server.stop('SIGKILL');
      server = await start();
      await Promise.all(clients);
      const rows = (await say('SELECT n FROM table(counted) ORDER BY n')).trimEnd().split('\n').map(Number);
      expect(rows).toEqual(wanted);
      return '';
    },
  },
  async () => expect(await say('SELECT n FROM table(witness)')).toBe('0\n'),
);
