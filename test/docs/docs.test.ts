import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadConfiguration } from '@millrace/server';
import { parseStatements } from '@millrace/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../architecture/workspace.ts';
import { openTestServer, type TestServer } from '../harness/server.ts';
import { type CodeBlock, codeBlocks } from './code-blocks.ts';
import { generatedPages } from './generated.ts';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  // The others there are run by plugin-tutorial.test.ts: they make a project.
  ...readdirSync(join(root, 'docs/plugins'))
    .filter((name) => /-(connector|processor)\.md$/.test(name))
    .map((name) => `docs/plugins/${name}`),
];
const scripts = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts as Record<string, string>;

describe.each(await generatedPages())('$path', ({ path, text }) => {
  it('is as the code makes it: else run `npm run docs`', () => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  });
});

const blocksOf = (page: string) => codeBlocks(page).filter(({ language }) => language !== '');

/** Pages share one server each, and their blocks run in order. */
describe.each(pages.filter((page) => blocksOf(page).length > 0))('%s', (page) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openTestServer();
  });
  afterAll(() => server.close());

  for (const block of blocksOf(page)) {
    it(`line ${block.line}: ${block.language}`, () => run(block, server));
  }
});

async function run(block: CodeBlock, server: TestServer): Promise<void> {
  switch (block.language) {
    case 'sql':
      for (const { text } of parseStatements(block.text)) await runStatement(text, server);
      return;
    case 'sh':
      return runShell(block.text, server);
    case 'yaml': {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
      writeFileSync(join(folder, 'millrace.yaml'), block.text);
      expect(loadConfiguration({ workingDirectory: folder }).file).not.toBeNull();
      rmSync(folder, { recursive: true });
      return;
    }
    default:
      throw new Error(`nothing here runs a block of ${block.language}`);
  }
}

/** Runs a statement to its end, or, if it is one that goes on, until it is positioned. */
async function runStatement(text: string, server: TestServer): Promise<void> {
  const goesOn = /^\s*(SELECT|WITH)\b/i.test(text) && /\bFROM\b/i.test(text) && !/table\(/i.test(text);
  if (!goesOn) await server.execute(text);
  else await (await server.openQuery(text)).close();
}

/** npm scripts that are named have to exist; everything else is run as it stands. */
async function runShell(text: string, server: TestServer): Promise<void> {
  const lines = text.replace(/\\\n/g, ' ').split('\n');
  for (const line of lines.map((each) => each.replace(/\s+#.*$/, '').trim()).filter((each) => each !== '')) {
    const named = [...line.matchAll(/npm (?:run )?([\w:]+)/g)].map((match) => match[1]!).filter((name) => name !== 'run');
    if (/^(npm|git) /.test(line)) {
      expect(named.filter((name) => name !== 'ci' && name !== 'install' && !(name in scripts))).toEqual([]);
      continue;
    }
    const env = {
      ...process.env,
      URL: server.url,
      BROKERS: server.brokers.join(','),
      MILLRACE_URL: server.url,
      MILLRACE_KAFKA_BROKERS: server.brokers.join(','),
      PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
    };
    // Not synchronously: the server that it speaks to runs in this process.
    const { stdout: output } = await promisify(execFile)('sh', ['-ec', line], { env, encoding: 'utf8', timeout: 60_000 });
    expect(output).not.toMatch(/DB::Exception/);
  }
}
