import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complete, type NameSource } from '../src/shell/complete.ts';
import { History, historyPath } from '../src/shell/history.ts';
import { oneLine } from '../src/shell/one-line.ts';

describe('complete', () => {
  const columns: Readonly<Record<string, string[]>> = { trips: ['car', 'speed', 'at'], '`odd name`': ['speed limit'] };
  const names: NameSource = {
    streams: async () => ['trips', 'tripods', 'odd name'],
    columns: async (stream) => columns[stream] ?? [],
    functions: async () => ['count', 'count_if', 'round', 'to_string'],
    formats: async () => ['CSV', 'JSONEachRow'],
  };

  it.each([
    ['SEL', 'SEL', ['SELECT']],
    ['sel', 'sel', ['select']],
    ['SELECT * FROM tri', 'tri', ['tripods', 'trips']],
    ['SELECT * FROM ', '', ['`odd name`', 'hop(', 'table(', 'tripods', 'trips', 'tumble(']],
    ['SELECT * FROM tumble(tr', 'tr', ['tripods', 'trips']],
    ['SELECT count', 'count', ['count(', 'count_if(']],
    ['SELECT round(a) FROM trips WHERE sp', 'sp', ['speed']],
    ['SELECT trips.s', 's', ['speed']],
    ['SELECT 1 FROM trips WHERE trips.', '', ['car', 'speed', 'at']],
    ['DESCRIBE trip', 'trip', ['tripods', 'trips']],
    ['INSERT INTO trips FORMAT J', 'J', ['JSONEachRow']],
    ["SELECT 'tri", 'tri', []],
    ['SELECT x -- comment\nFROM tri', 'tri', ['tripods', 'trips']],
  ])('%j can go on with', async (text, begun, candidates) => {
    const completion = await complete(text, names);
    expect(completion.begun).toBe(begun);
    expect([...completion.candidates].sort()).toEqual([...candidates].sort());
  });

  it('quotes names that need it', async () => {
    expect((await complete('SELECT 1 FROM `odd name` WHERE ', names)).candidates).toEqual(['`speed limit`']);
  });

  it('knows keywords without a server', async () => {
    const none = async () => [];
    expect((await complete('sho', { streams: none, columns: none, functions: none, formats: none })).candidates).toEqual(['show']);
  });
});

describe('oneLine', () => {
  it.each([
    ['SELECT 1;\n', 'SELECT 1;'],
    ['SELECT  1;', 'SELECT  1;'],
    ['SELECT a, -- first\n  b\nFROM s\n;\n', 'SELECT a, b FROM s;'],
    ["SELECT 'a\nb';", "SELECT 'a\\nb';"],
    ['SELECT /* x\ny */ 1;', 'SELECT 1;'],
    ['SELECT `a\nb`;', null],
  ])('%j is %j', (statement, line) => {
    expect(oneLine(statement)).toBe(line);
  });
});

describe('History', () => {
  const inFolder = (work: (path: string) => void) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-history-'));
    try {
      work(join(folder, 'state/millrace/history'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it('is there again in the next shell, newest first, readable by its owner only', () =>
    inFolder((path) => {
      const history = new History(path);
      history.add('SELECT 1;');
      history.add('SELECT 2;');
      history.add('SELECT 2;');
      expect(new History(path).entries).toEqual(['SELECT 2;', 'SELECT 1;']);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }));

  it('keeps the newest thousand', () =>
    inFolder((path) => {
      const history = new History(path);
      for (let i = 0; i < 1_100; i++) history.add(`SELECT ${i};`);
      expect(new History(path).entries).toHaveLength(1_000);
      expect(readFileSync(path, 'utf8').split('\n').slice(0, 2)).toEqual(['SELECT 100;', 'SELECT 101;']);
    }));

  it('does without a file that cannot be written', () =>
    inFolder((path) => {
      new History(path).add('SELECT 1;');
      const history = new History(join(path, 'below-a-file'));
      history.add('SELECT 2;');
      expect(history.entries).toEqual(['SELECT 2;']);
    }));

  it('lies in the state directory', () => {
    expect(historyPath({ XDG_STATE_HOME: '/state', HOME: '/home/a' })).toBe('/state/millrace/history');
    expect(historyPath({ HOME: '/home/a' })).toBe('/home/a/.local/state/millrace/history');
  });
});
