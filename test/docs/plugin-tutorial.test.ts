import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../architecture/workspace.ts';
import { freePort, Started } from '../harness/process.ts';
import { openTestServer, type TestServer } from '../harness/server.ts';
import { type CodeBlock, codeBlocks } from './code-blocks.ts';

const page = 'docs/plugins/tutorial.md';
const lines = readFileSync(join(root, page), 'utf8').split('\n');

/** Commands that go on until they are ended, with what they print when they are ready. */
const goingOn: Readonly<Record<string, RegExp>> = {
  'node receiver.ts': /waiting for rows/,
  'millrace pipeplugin dev .': /waiting for changes/,
};

let server: TestServer;
/** In place of the port that the page names: it may be taken here. */
let port: number;
let folder = mkdtempSync(join(tmpdir(), 'millrace-tutorial-'));
const base = folder;
const running = new Map<string, Started>();
/** What a block replaces, until the one with the new text comes. */
let replaced: { readonly file: string; readonly text: string } | undefined;

beforeAll(async () => {
  port = await freePort();
  server = await openTestServer('', { pipe_lib_dir: join(base, 'lib') });
});
afterAll(async () => {
  await Promise.all([...running.values()].map((started) => started.stop()));
  await server.close();
  rmSync(base, { recursive: true, force: true });
});

/** As a reader does: from top to bottom. */
describe(page, () => {
  for (const block of codeBlocks(page)) it(`line ${block.line}: ${block.language}`, () => follow(block));
});

async function follow(written: CodeBlock): Promise<void> {
  const block = { ...written, text: written.text.replaceAll('18085', String(port)) };
  switch (block.language) {
    case 'sh':
      for (const command of block.text.split('\n')) await run(command);
      return;
    case 'ts':
      return write(block);
    case 'text':
      for (const line of block.text.split('\n')) await running.get('node receiver.ts')!.waitFor(new RegExp(escaped(line)), 20_000);
      return;
    default:
      throw new Error(`nothing here runs a block of ${block.language}`);
  }
}

async function run(command: string): Promise<void> {
  const ready = goingOn[command];
  if (command.startsWith('cd ')) folder = join(folder, command.slice(3));
  else if (ready === undefined) await promisify(execFile)('sh', ['-ec', command], { env: environment(), cwd: folder, timeout: 100_000 });
  else {
    const started = new Started('sh', ['-ec', `exec ${command}`], { env: environment(), cwd: folder });
    running.set(command, started);
    await started.waitFor(ready);
  }
}

/** What stands before a block says what it is: a file, the text that is to be replaced, or its replacement. */
async function write({ line, text }: CodeBlock): Promise<void> {
  const before = lines.slice(0, line - 1).findLast((each) => each.trim() !== '')!;
  const [, replacedIn] = /^In `([^`]+)`, in place of:$/.exec(before) ?? [];
  const [, file] = /`([^`]+\.ts)`:$/.exec(before) ?? [];
  if (replacedIn !== undefined) replaced = { file: replacedIn, text };
  else if (before === 'put:') await replace(text);
  else if (file === 'src/index.ts') expect(readFileSync(join(folder, file), 'utf8').trimEnd()).toBe(text);
  else writeFileSync(join(folder, file!), text);
}

async function replace(text: string): Promise<void> {
  const file = join(folder, replaced!.file);
  const source = readFileSync(file, 'utf8');
  expect(source.split(replaced!.text)).toHaveLength(2);
  writeFileSync(
    file,
    source.replace(replaced!.text, () => text),
  );
  await running.get('millrace pipeplugin dev .')?.waitFor(/changed src[\s\S]*\ninstalled/);
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: '', MILLRACE_URL: server.url, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
