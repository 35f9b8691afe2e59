import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, workspacePackages } from '../architecture/workspace.ts';
import { execute } from '../harness/execute.ts';
import { Started } from '../harness/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-pack-'));
const elsewhere = join(folder, 'elsewhere');
const bin = join(elsewhere, 'node_modules', '.bin', 'millrace');

beforeAll(() => {
  mkdirSync(elsewhere);
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'pipe' });
  const workspaces = workspacePackages().map(({ name }) => `--workspace=${name}`);
  execFileSync('npm', ['pack', ...workspaces, '--pack-destination', folder], { cwd: root, stdio: 'pipe' });
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(elsewhere, 'package.json'), '{ "name": "elsewhere", "private": true }');
  const install = [
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    ...tarballs.map((name) => join(folder, name)),
  ];
  execFileSync('npm', install, { cwd: elsewhere, stdio: 'pipe' });
  // sqlite3 is the one module that an install compiles, for minutes: what this checkout compiled from the same sources serves.
  cpSync(join(root, 'node_modules/sqlite3/build'), join(elsewhere, 'node_modules/sqlite3/build'), { recursive: true });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the installed command tells its version', () => {
  expect(execFileSync(bin, ['--version'], { encoding: 'utf8' })).toMatch(/^millrace\/\d+\.\d+\.\d+ /);
});

it('the installed server starts, answers SQL, and stops cleanly', async () => {
  const server = new Started(bin, ['server', '--data-dir', join(elsewhere, 'data'), '--http-port', '0', '--broker-port', '0'], {
    cwd: elsewhere,
  });
  try {
    const [, url] = await server.waitFor(/(http:\/\/127\.0\.0\.1:\d+)/);
    const answer = await fetch(url!, { method: 'POST', body: 'SELECT 1 + 1' });
    expect((await answer.text()).trim()).toBe('2');
  } finally {
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  }
});

it('the installed server runs pipes with the plugins that are installed with it', async () => {
  const server = new Started(bin, ['server', '--data-dir', join(elsewhere, 'piped'), '--http-port', '0', '--broker-port', '0'], {
    cwd: elsewhere,
  });
  try {
    const [, url] = await server.waitFor(/(http:\/\/127\.0\.0\.1:\d+)/);
    const out = join(elsewhere, 'out.ndjson');
    await execute(url!, "CREATE STREAM s (k string, v int32); INSERT INTO s VALUES ('a', 1)");
    await execute(
      url!,
      `CREATE PIPE p WITH PROCESSOR ('processor'='sql-processor', 'sql'='SELECT v + 1 AS v FROM event') WITH CONNECTOR ('connector'='file-connector', 'path'='${out}'); START PIPE p`,
    );
    while (!existsSync(out) || readFileSync(out, 'utf8') === '') {
      const [, , state, , , , exception] = (await execute(url!, 'SHOW PIPE p'))[0]!.split('\t');
      expect([state, exception]).toEqual(['RUNNING', 'None']);
    }
    expect(readFileSync(out, 'utf8')).toMatch(/^\{"v":2\b/);
  } finally {
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  }
});

it('the installed command writes a project for a plugin, whose tests pass with the installed SDK', () => {
  execFileSync(bin, ['pipeplugin', 'init', 'upper'], { cwd: elsewhere });
  // Below the packages that are installed: nothing more has to be.
  const project = join(elsewhere, 'upper');
  const { devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  expect(devDependencies['@millrace/sdk']).toBe(`file:${join(realpathSync(elsewhere), 'node_modules/@millrace/sdk')}`);
  const output = execFileSync(process.execPath, ['--test', 'test/plugin.test.ts'], {
    cwd: project,
    encoding: 'utf8',
    env: withoutRunner(),
  });
  expect(output).toMatch(/fail 0/);
});

it('the installed command completes itself', () => {
  const output = execFileSync(bin, ['autocomplete', 'script', 'bash'], { encoding: 'utf8', env: { ...process.env, HOME: elsewhere } });
  expect(output).toContain('MILLRACE_AC_BASH_SETUP_PATH');
});

/** Else the test of the project takes itself for a part of this run. */
function withoutRunner(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...environment } = process.env;
  return environment;
}
