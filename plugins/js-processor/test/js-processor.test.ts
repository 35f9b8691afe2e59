import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row, RowsEvent } from '@millrace/sdk';
import { deleteEvent, processorDriver, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import js from '../src/index.ts';

const run = (expression: string, rows: readonly Row[], attributes: Readonly<Record<string, string>> = {}) =>
  processorDriver(js, { attributes: { expression, ...attributes } }).run(rows);

async function moduleFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'js-processor-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'change.js');
  await writeFile(file, text);
  return file;
}

describe('an expression gives', () => {
  const rows = [
    { v: 1, s: 'a' },
    { v: 20, s: 'b' },
  ];

  it.each([
    [
      'another row',
      '({ ...row, v: row.v * 2 })',
      [
        { v: 2, s: 'a' },
        { v: 40, s: 'b' },
      ],
    ],
    [
      'the row that it has changed',
      '(row.s += "!", row)',
      [
        { v: 1, s: 'a!' },
        { v: 20, s: 'b!' },
      ],
    ],
    ['no row', 'row.v > 10 ? row : null', [{ v: 20, s: 'b' }]],
    ['nothing', 'undefined', []],
    ['true or false, as a filter does', 'row.v > 10', [{ v: 20, s: 'b' }]],
    ['several rows', '[{ v: row.v }, { v: -row.v }]', [{ v: 1 }, { v: -1 }, { v: 20 }, { v: -20 }]],
    ['no rows at all', '[]', []],
  ])('%s', async (_, expression, expected) => {
    expect(await run(expression, rows)).toEqual(expected);
    expect(rows[0]).toEqual({ v: 1, s: 'a' });
  });

  it('values of every kind as they came', async () => {
    const row = { n: 0.5, big: 9007199254740993n, b: true, s: 'ä', none: null, list: [1n, [2n]], map: new Map([['a', 1]]) };
    expect(await run('({ ...row })', [row])).toEqual([row]);
    expect(await run('row.map instanceof Map && row.list instanceof Array && row.big + 1n === 9007199254740994n', [row])).toEqual([row]);
  });

  it('dates as milliseconds, objects as JSON, what is undefined as NULL', async () => {
    expect(await run('({ at: new Date(1000), o: { a: [1] }, u: undefined, l: [undefined] })', [{}])).toEqual([
      { at: 1000, o: '{"a":[1]}', u: null, l: [null] },
    ]);
  });

  it('a row by key, time and stream', async () => {
    const driver = processorDriver(js, { attributes: { expression: '({ key, time, stream })' } });
    const event = rowsEvent('cpu', [{}, {}], { keys: ['k', null], times: [5, 6] });
    const [made] = await driver.send(event);
    expect((made as RowsEvent).rows).toEqual([
      { key: 'k', time: 5, stream: 'cpu' },
      { key: null, time: 6, stream: 'cpu' },
    ]);
  });
});

it('rows have key and time of the ones they come from', async () => {
  const driver = processorDriver(js, { attributes: { expression: 'row.v === 2 ? null : [row, row]' } });
  const event = rowsEvent('s', [{ v: 1 }, { v: 2 }, { v: 3 }], { keys: ['a', 'b', 'c'], times: [10, 20, 30] });
  const [made] = (await driver.send(event)) as [RowsEvent];
  expect(made.rows.map(({ v }, row) => [v, String(Buffer.from(made.key(row)!)), made.time(row)])).toEqual([
    [1, 'a', 10],
    [1, 'a', 10],
    [3, 'c', 30],
    [3, 'c', 30],
  ]);
});

it('deletions pass', async () => {
  const deletion = deleteEvent('s', 'k');
  expect(await processorDriver(js, { attributes: { expression: 'null' } }).send(deletion)).toEqual([deletion]);
});

describe('a file', () => {
  it('sets module.exports to a function, and has what it declares beside it', async () => {
    const file = await moduleFile('const factor = 3;\nmodule.exports = (row, { stream }) => ({ v: row.v * factor, stream });');
    expect(await processorDriver(js, { attributes: { file } }).run([{ v: 2 }])).toEqual([{ v: 6, stream: 'test' }]);
  });

  it.each([
    ['gives no function', 'module.exports = 5;', 'module.exports is no function'],
    ['is no JavaScript', 'const = 5', 'Unexpected token'],
    ['asks for a module', 'const fs = require("fs")', 'require is not defined'],
    ['does not come to an end', 'while (true) {}', 'it has not come to an end within 50 ms'],
  ])('that %s does not open', async (_, text, message) => {
    const attributes = { file: await moduleFile(text), timeout: '50ms' };
    await expect(processorDriver(js, { attributes }).run([{ v: 2 }])).rejects.toThrow(message);
  });

  it('that is not there does not open', async () => {
    await expect(processorDriver(js, { attributes: { file: '/nowhere/x.js' } }).run([{}])).rejects.toThrow('ENOENT');
  });
});

describe('state', () => {
  it('is kept from event to event, and taken back with an event that fails', async () => {
    const expression = '(state.set(row.k, (state.get(row.k) ?? 0) + row.v), row.v < 0 ? fail() : { k: row.k, sum: state.get(row.k) })';
    const driver = processorDriver(js, { attributes: { expression } });
    expect(
      await driver.run([
        { k: 'a', v: 1 },
        { k: 'b', v: 5 },
        { k: 'a', v: 2 },
      ]),
    ).toEqual([
      { k: 'a', sum: 1 },
      { k: 'b', sum: 5 },
      { k: 'a', sum: 3 },
    ]);
    await expect(
      driver.run([
        { k: 'a', v: 100 },
        { k: 'a', v: -1 },
      ]),
    ).rejects.toThrow('fail is not defined');
    await driver.restart();
    expect(await driver.run([{ k: 'a', v: 1 }])).toEqual([{ k: 'a', sum: 4 }]);
    expect(Object.fromEntries(driver.state)).toEqual({ a: 4, b: 5 });
  });

  it('is deleted', async () => {
    const driver = processorDriver(js, { attributes: { expression: 'row.v ? state.set("k", [row.v]) : state.delete("k")' } });
    await driver.run([{ v: 1 }]);
    expect(driver.state.get('k')).toEqual([1]);
    await driver.run([{ v: 0 }]);
    expect(driver.state.size).toBe(0);
  });

  it('keeps JSON only', async () => {
    await expect(run('state.set("k", () => 1)', [{}])).rejects.toThrow('what state keeps is JSON');
  });
});

describe('a failure names the row', () => {
  it.each([
    ['that something is thrown at', 'row.v.x.y', 'TypeError: Cannot read properties of undefined'],
    ['that a text is thrown at', '(() => { throw "no" })()', 'no was thrown'],
    ['that gives a number', '5', 'number 5 is no row'],
    ['that gives a promise', 'Promise.resolve(row)', 'a promise is no row'],
    ['that gives a promise that fails', '(async () => { throw new Error("late") })()', 'a promise is no row'],
    ['that gives a function as a value', '({ f: () => 1 })', 'a function is no value of a row'],
    ['that gives an array of arrays', '[[row]]', 'an array is no row'],
  ])('%s', async (_, failing, message) => {
    const failure = await run(`row.v === 3 ? ${failing} : row`, [{ v: 1 }, { v: 2 }, { v: 3 }]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'BadRecord', row: 2 });
    expect((failure as Error).message).toContain(message);
  });

  it.each([
    ['loops for ever', '(() => { while (true); })()'],
    ['loops for ever in a promise', '(Promise.resolve().then(() => { while (true); }), row)'],
    ['searches for ever', '/(a+)+$/.test("a".repeat(40) + "b")'],
  ])('that %s, after the time it has', async (_, failing) => {
    const failure = await run(`row.v === 2 ? ${failing} : row`, [{ v: 1 }, { v: 2 }], { timeout: '50ms' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'BadRecord', row: 1, message: 'it has not come to an end within 50 ms' });
  });
});

describe('what runs is kept apart', () => {
  it.each(['process', 'require', 'fetch', 'setTimeout', 'Buffer', 'transform', 'batch'])('%s is not there', async (name) => {
    expect(await run(`typeof ${name} === "undefined"`, [{ v: 1 }])).toEqual([{ v: 1 }]);
  });

  it("prototypes that it changes are its own, not the server's", async () => {
    const pollute = 'Object.prototype.evil = 1, Array.prototype.evil = 1, row.__proto__.evil = 2, row.list.__proto__.evil = 3, row';
    await run(`(${pollute})`, [{ list: [1] }]);
    expect(({} as { evil?: number }).evil).toBeUndefined();
    expect(([] as { evil?: number }).evil).toBeUndefined();
  });

  it('nothing of one pipe is seen by another', async () => {
    await run('(globalThis.shared = 5, row)', [{ v: 1 }]);
    expect(await run('typeof shared === "undefined"', [{ v: 1 }])).toEqual([{ v: 1 }]);
  });
});

describe('attributes', () => {
  it.each([
    [{}, "one of 'expression' and 'file' is needed"],
    [{ expression: 'row', file: 'x.js' }, "one of 'expression' and 'file' is needed"],
    [{ expression: 'row +' }, 'is no JavaScript'],
    [{ expression: 'row; row' }, 'is no JavaScript'],
    [{ expression: 'row', timeout: '0ms' }, "'timeout' = '0ms'"],
  ])('%j are refused', (given, problem) => {
    const read = js.attributes.read(given as Record<string, string>, 'processor');
    expect(read.ok ? '' : read.problems.join('; ')).toContain(problem);
  });
});
