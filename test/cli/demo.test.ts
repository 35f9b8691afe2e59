import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { arrivalBlocks, bundledFlightsPath, readFlights } from '../../packages/cli/src/demo/flights.ts';
import { hasCommand, Started } from '../harness/process.ts';
import { millrace } from './millrace-process.ts';
import { keys, Terminal } from './terminal.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the demo to its end, without a terminal. */
async function demo(...flags: string[]): Promise<{ code: number | null; output: string }> {
  const [command, ...args] = millrace;
  const started = new Started(command!, [...args, 'demo', '--once', ...flags]);
  const { code } = await started.exited;
  return { code, output: started.output };
}

/** The result as it must be, and how many rows are late: computed from the blocks as a whole, by the definition of lateness. */
async function batch(path: string, seed: number): Promise<{ days: string[]; late: number }> {
  const blocks = arrivalBlocks(await readFlights(path), seed);
  const rows = blocks.flatMap((block, number) => block.map((flight) => ({ block: number, ...flight })));
  const ndjson = join(folder, 'blocks.ndjson');
  writeFileSync(ndjson, rows.map((row) => JSON.stringify(row)).join('\n'));
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`
    CREATE TABLE arrived AS SELECT block, "at", origin, delay, date_trunc('day', "at")::date AS day
      FROM read_json('${ndjson}', columns = {block: 'int', "at": 'timestamp', origin: 'varchar', delay: 'int'});
    -- What the watermark is before a block: the largest event time of all blocks before it.
    CREATE TABLE watermarks AS SELECT block, max(max("at")) OVER (ORDER BY block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS watermark
      FROM arrived GROUP BY block;
    CREATE TABLE judged AS SELECT arrived.*, coalesce(day + INTERVAL 1 DAY <= watermark, false) AS late FROM arrived JOIN watermarks USING (block);`);
  const days = await connection.runAndReadAll(`
    SELECT day::varchar || chr(9) || count(*) || chr(9) || round_even(avg(delay), 1) || chr(9) || count(*) FILTER (delay > 60) || chr(9) || max(delay),
      list(DISTINCT origin ORDER BY origin) FILTER (delay = most)
    FROM (SELECT *, max(delay) OVER (PARTITION BY day) AS most FROM judged WHERE NOT late) WHERE NOT late
    GROUP BY day HAVING day + INTERVAL 1 DAY <= (SELECT max("at") FROM arrived) ORDER BY day`);
  const late = await connection.runAndReadAll('SELECT count(*) FROM judged WHERE late');
  connection.closeSync();
  return { days: days.getRowsJS().map(([day]) => String(day).replace(/\.0\t/, '\t')), late: Number(late.getRowsJS()[0]![0]) };
}

/** The lines of windows that the demo has printed, without the last column (the origin of the latest flight, which may be one of several). */
function windowLines(output: string): string[] {
  const lines = output.split('\n').filter((line) => /^\d{4}-\d\d-\d\d\t/.test(line));
  return lines.map((line) => line.slice(0, line.lastIndexOf('\t')));
}

describe('millrace demo', () => {
  it('prints the first window soon', async () => {
    const startMs = performance.now();
    const [command, ...args] = millrace;
    const started = new Started(command!, [...args, 'demo', '--once', '--windows', '1']);
    await started.waitFor(/^2001-01-01\t\d+\t/m);
    console.log(`first window after ${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
    expect(await started.exited).toEqual({ code: 0, signal: null });
    expect(windowLines(started.output)).toHaveLength(1);
  });

  it('shows what a batch computation over the file gives, less the late rows', async () => {
    const { code, output } = await demo('--windows', '1000', '--speed', '60');
    const { days, late } = await batch(bundledFlightsPath(), 1);
    expect(windowLines(output)).toEqual(days);
    expect(late).toBeGreaterThan(0);
    expect(output).toContain(`${days.length} days closed over 20000 flights; ${late} flights came late.`);
    expect(code).toBe(0);
  });

  it('shows another file, with another order of arrival', async () => {
    const path = join(folder, 'mine.csv');
    const rows = Array.from({ length: 400 }, (_, i) => {
      const time = new Date(Date.UTC(2020, 1, 27) + i * 17 * 60_000).toISOString();
      return `${time.slice(0, 10).replaceAll('-', '/')} ${time.slice(11, 16)},${(i * 37) % 211},${i},A${i % 7},B`;
    });
    writeFileSync(path, `date,delay,distance,origin,destination\n${rows.join('\n')}\n`);
    const { code, output } = await demo('--data', path, '--seed', '7', '--speed', '30', '--windows', '1000');
    const { days } = await batch(path, 7);
    expect(days.map((line) => line.slice(0, 10))).toEqual(['2020-02-27', '2020-02-28', '2020-02-29', '2020-03-01']);
    expect(windowLines(output)).toEqual(days);
    expect(code).toBe(0);
  });

  it.skipIf(!hasCommand('python3'))(
    'draws in place on a terminal, then stays up so that the commands it names work as printed',
    async () => {
      const terminal = new Terminal([...millrace, 'demo', '--speed', '90'], { cwd: folder, env: {} });
      try {
        await terminal.waitUntil('the end of the show', (screen) => /topic describe/.test(screen), 60_000);
        const screen = terminal.screen;
        expect(screen).toMatch(/^Millrace {2}streaming SQL on Kafka$/m);
        expect(screen).toMatch(/^ 2001-03-30 +\d+ +[\d.]+ +\d+ +\d+ +[A-Z]{3} +▇+$/m);
        expect(screen).toMatch(/^2001-03-31 \d\d:\d\d +20000 flights sent +89 days closed +\d+ late$/m);
        expect(screen).not.toContain('2001-01-01');
        const named = screen.split('\n').filter((line) => line.startsWith('  npx millrace '));
        expect(named).toHaveLength(3);
        const outputs = named.map((line) => spawnSync('sh', ['-c', line], { cwd: repository, encoding: 'utf8' }));
        expect(outputs.map(({ status }) => status)).toEqual([0, 0, 0]);
        expect(outputs[0]!.stdout.split('\n')).toHaveLength(11);
        expect(outputs[1]!.stdout.split('\n')[0]).toMatch(/^\{"at":"2001-01-01 /);
        expect(outputs[2]!.stdout).toMatch(/ 0 +1 +0 +20000$/m);
        terminal.type(keys.ctrlC);
        expect(await terminal.exitCode).toBe(0);
      } finally {
        terminal.kill();
      }
    },
  );

  it('says what is wrong with a file', async () => {
    const path = join(folder, 'bad.csv');
    writeFileSync(path, 'when,delay\nnow,1\n');
    const { code, output } = await demo('--data', path);
    expect(code).toBe(1);
    expect(output).toContain(`DATA_UNDECODABLE: ${path}, row 1: a flight needs date (YYYY/MM/DD hh:mm), delay and distance`);
    expect(output).not.toContain('    at ');
    expect((await demo('--data', join(folder, 'none.csv'))).output).toContain('none.csv: there is no such file');
  });
});
