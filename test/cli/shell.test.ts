import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasCommand } from '../harness/process.ts';
import { millrace, type ServerProcess, startServer } from './millrace-process.ts';
import { keys, Terminal } from './terminal.ts';

/**
 * The shell as a person at a terminal sees it. What the screen shows at the end is kept in `transcripts/`;
 * UPDATE_SAMPLES=1 writes it anew.
 */
const transcripts = fileURLToPath(new URL('./transcripts/', import.meta.url));
const prompt = 'millrace> ';

let server: ServerProcess | undefined;
let home: string;
let terminal: Terminal;
beforeAll(async () => {
  server = await startServer();
  home = mkdtempSync(join(tmpdir(), 'millrace-shell-'));
});
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

function open(): Terminal {
  return new Terminal([...millrace, 'sql', '--url', server!.url], { cwd: home, env: { HOME: home, XDG_STATE_HOME: join(home, 'state') } });
}

/** Types a line and waits until the shell asks for the next one. */
async function enter(line: string, end = prompt): Promise<void> {
  const before = terminal.screen.split('\n').length;
  terminal.type(`${line}${keys.enter}`);
  await terminal.waitUntil(`a prompt after ${line}`, (screen) => {
    const lines = screen.split('\n');
    return lines.length > before && `${lines.at(-1)} ` === end;
  });
}

/** Compares the screen with the transcript of this name. */
function expectTranscript(name: string): void {
  const path = join(transcripts, `${name}.txt`);
  const screen = terminal.screen.replaceAll(server!.url, '$URL').replace(/\bin [\d.]+ s$/gm, 'in $N s');
  if (process.env['UPDATE_SAMPLES'] === '1') writeFileSync(path, `${screen}\n`);
  expect(`${screen}\n`).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '');
}

describe.skipIf(!hasCommand('python3'))('the shell, in a terminal', () => {
  beforeEach(async () => {
    terminal = open();
    await terminal.waitForLast(prompt);
  });
  afterEach(() => terminal.kill());

  it('takes statements of several lines and several statements of a line', async () => {
    await enter('CREATE STREAM trips (car string, -- its name', '       (> ');
    await enter('  speed float32,', '       (> ');
    await enter('  at datetime64(3));');
    await enter("INSERT INTO trips (car, speed, at) VALUES ('a', 30, '2001-01-01 00:00:00'), ('b', 50.5, '2001-01-01 00:00:01');");
    await enter('SELECT car, speed FROM table(trips)', '       -> ');
    await enter('ORDER BY car;');
    await enter("SELECT 1 AS one; SELECT 'it''s' AS text;");
    await enter('SHOW CREATE STREAM trips;');
    await enter('EXPLAIN SELECT count() FROM table(trips);');
    await enter('\\format JSONEachRow');
    await enter('SELECT count() AS trips FROM table(trips);');
    terminal.type(keys.ctrlD);
    expect(await terminal.exitCode).toBe(0);
    expectTranscript('statements');
  });

  it('shows errors with a caret under the piece, in colour, and goes on', async () => {
    await enter('SELEC 1;');
    await enter("SELECT 1,\n  lenght('a');");
    await enter('CREATE STREAM journeys (n int32);');
    await enter('SELECT * FROM journey; SELECT 1;');
    await enter('SELECT 2 AS two;');
    expect(terminal.output).toContain('\u001b[31mSYNTAX_ERROR (62)\u001b[39m: unexpected');
    expect(terminal.output).toContain('\u001b[31m^^^^^\u001b[39m');
    expectTranscript('errors');
  });

  it('completes keywords, streams, columns and functions with Tab', async () => {
    await enter('CREATE STREAM completed (celsius float32, place string);');
    const typed = async (text: string, shown: string) => {
      terminal.type(text + keys.tab);
      await terminal.waitForLast(shown);
    };
    await typed('sel', `${prompt}select `);
    await typed(' * fro', `${prompt}select * from `);
    await typed(' compl', `${prompt}select * from completed `);
    await typed(' where celsi', `${prompt}select * from completed where celsius `);
    await typed(' > round', `${prompt}select * from completed where celsius > round( `);
    terminal.type(keys.ctrlC);
    await terminal.waitForLast(prompt);
    terminal.type(`SELECT count${keys.tab}`);
    await terminal.waitForLast(`${prompt}SELECT count `);
    terminal.type(keys.tab);
    await terminal.waitUntil('a list', (screen) => /count\( +count_distinct\(/.test(screen));
  });

  it('ends a streaming query at Ctrl-C, and goes on', async () => {
    await enter('CREATE STREAM endless (n int32);');
    await enter('INSERT INTO endless (n) VALUES (1), (2);');
    terminal.type(`SELECT n, n * 10 AS tens FROM endless SETTINGS seek_to='earliest';${keys.enter}`);
    await terminal.waitUntil('rows', (screen) => /│ +2 │ +20 │/.test(screen));
    terminal.type(keys.ctrlC);
    await terminal.waitForLast(prompt);
    await enter("SELECT 'still here' AS text;");
    terminal.type('SELECT half a statement');
    await terminal.waitForLast('statement ');
    terminal.type(keys.ctrlC);
    await terminal.waitForLast(prompt);
    await enter('SELECT (1 +', '       (> ');
    terminal.type(keys.ctrlC);
    await terminal.waitForLast(prompt);
    expectTranscript('interrupt');
    let running = '';
    do running = await (await fetch(server!.url, { method: 'POST', body: 'SHOW QUERIES' })).text();
    while (running.includes('endless'));
  });

  it('says that a quiet query waits', async () => {
    await enter('CREATE STREAM quiet (n int32);');
    terminal.type(`SELECT n FROM quiet;${keys.enter}`);
    await terminal.waitUntil('the notice', (screen) => screen.endsWith('waiting for rows, Ctrl-C cancels'));
    terminal.type(keys.ctrlC);
    await terminal.waitForLast(prompt);
    expect(terminal.screen).toContain('cancelled after 0 rows');
  });

  it('brings statements back with arrow-up, in the next shell too', async () => {
    await enter('SELECT 1 +', '       -> ');
    await enter('  1 AS two;');
    await enter('SELECT 3;');
    terminal.type(keys.up);
    await terminal.waitForLast(`${prompt}SELECT 3; `);
    terminal.type(keys.up);
    await terminal.waitForLast(`${prompt}SELECT 1 + 1 AS two; `);
    terminal.type(keys.ctrlC);
    await terminal.waitForLast(prompt);
    terminal.type(keys.ctrlD);
    await terminal.exitCode;
    expect(statSync(join(home, 'state/millrace/history')).mode & 0o777).toBe(0o600);
    terminal = open();
    await terminal.waitForLast(prompt);
    terminal.type(keys.up + keys.up);
    await terminal.waitForLast(`${prompt}SELECT 1 + 1 AS two; `);
  });

  it('helps', async () => {
    await enter('help');
    await enter('help length;');
    await enter('help nosuch');
    await enter('\\x');
    terminal.type(`exit${keys.enter}`);
    expect(await terminal.exitCode).toBe(0);
    expectTranscript('help');
  });
});
