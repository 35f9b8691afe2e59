import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerProcess, startServer, writeMillraceCommand } from '../cli/millrace-process.ts';

/**
 * Each folder beside this file is a sample: `cmd` is run by sh, in a fresh folder that holds the sample's other files, against a
 * server with $URL and $BROKERS; `stdout`, `stderr` and `exit` say what comes of it (nothing, nothing and 0 where they are missing).
 * All samples share the server and run side by side, so each names its streams and topics after itself.
 * UPDATE_SAMPLES=1 writes what comes in place of what is expected.
 */
const samples = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(samples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const expectations = ['stdout', 'stderr', 'exit'] as const;
type Outcome = Record<(typeof expectations)[number], string>;

let server: ServerProcess | undefined;
let commands: string;
beforeAll(async () => {
  commands = mkdtempSync(join(tmpdir(), 'millrace-samples-'));
  writeMillraceCommand(commands);
  server = await startServer();
});
afterAll(async () => {
  await server?.stop();
  rmSync(commands, { recursive: true, force: true });
});

describe.concurrent('sample', () => {
  it.each(names)('%s', async (name) => {
    const outcome = await run(name);
    if (process.env['UPDATE_SAMPLES'] === '1') update(name, outcome);
    else expect(outcome).toEqual(expected(name));
  }, 300_000);
});

async function run(name: string): Promise<Outcome> {
  const folder = join(commands, name);
  mkdirSync(folder);
  for (const file of readdirSync(join(samples, name))) {
    if (!(expectations as readonly string[]).includes(file)) cpSync(join(samples, name, file), join(folder, file), { recursive: true });
  }
  const child = spawn('sh', ['cmd'], { cwd: folder, env: environment(folder), stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, exit] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { stdout: normalised(stdout, folder), stderr: normalised(stderr, folder), exit: `${exit}\n` };
}

function environment(folder: string): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return {
    PATH: `${commands}:${PATH}`,
    NODE_COMPILE_CACHE: NODE_COMPILE_CACHE ?? join(tmpdir(), 'millrace-compile-cache'),
    HOME: folder,
    TZ: 'UTC',
    URL: server!.url,
    BROKERS: server!.brokers,
    MILLRACE_URL: server!.url,
    MILLRACE_KAFKA_BROKERS: server!.brokers,
  };
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

/** What differs from run to run gets a name. */
function normalised(text: string, folder: string): string {
  return text
    .replaceAll(folder, '$FOLDER')
    .replaceAll(server!.url, '$URL')
    .replaceAll(server!.brokers, '$BROKERS')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '$UUID')
    .replace(/\b20(?:2[5-9]|[3-9]\d)-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '$TIME')
    .replace(/(127\.0\.0\.1|localhost):\d+/g, '$1:$PORT')
    .replace(/\belapsed=[\d.]+/g, 'elapsed=$N')
    .replace(/\bnode-v[\d.]+/g, 'node-$VERSION')
    .replace(/(linux|darwin|win32)-(x64|arm64)/g, '$PLATFORM');
}

function expected(name: string): Outcome {
  const read = (file: string, fallback: string) => (existsSync(join(samples, name, file)) ? readFileSync(join(samples, name, file), 'utf8') : fallback);
  return { stdout: read('stdout', ''), stderr: read('stderr', ''), exit: read('exit', '0\n') };
}

function update(name: string, outcome: Outcome): void {
  const fallback: Outcome = { stdout: '', stderr: '', exit: '0\n' };
  for (const file of expectations) {
    const path = join(samples, name, file);
    if (outcome[file] === fallback[file]) rmSync(path, { force: true });
    else writeFileSync(path, outcome[file]);
  }
}
