import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadRecord, NotConnected, Retryable, type Row } from '@millrace/sdk';
import { connectorConformance, connectorDriver, deleteEvent, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Database } from '../src/database.ts';
import sqlite from '../src/index.ts';
import { Table } from '../src/table.ts';

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-connector-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'out.db');
}

/** What a file holds, read by a connection of its own. */
async function query<R = Row>(file: string, sql: string): Promise<R[]> {
  const database = await Database.open(file, 1000);
  try {
    return await database.rows<R>(sql);
  } finally {
    await database.close();
  }
}

async function change(file: string, sql: string): Promise<void> {
  const database = await Database.open(file, 1000);
  await database.script(sql);
  await database.close();
}

async function target() {
  const file = await temporaryFile();
  await change(file, "CREATE TABLE conformance (n INTEGER, text TEXT CHECK (text <> 'bad'))");
  return {
    attributes: { file },
    received: async () => (await query<{ n: number }>(file, 'SELECT n FROM conformance ORDER BY rowid')).map(({ n }) => n),
    badRow: { n: -1, text: 'bad' },
    close: async () => {},
  };
}

describe('the SQLite connector as a connector', () => {
  for (const { name, run } of connectorConformance(sqlite, target, ['badRow'])) it(name, run);
});

function driverOf(file: string, attributes: Readonly<Record<string, string>> = {}) {
  const driver = connectorDriver(sqlite, { attributes: { file, ...attributes } });
  onTestFinished(() => driver.close());
  return driver;
}

describe('a table', () => {
  it('is made with the name of the stream, and its columns keep what their types hold', async () => {
    const file = await temporaryFile();
    const columns = [
      { name: 'i', type: 'int64' },
      { name: 'u', type: 'nullable(uint64)' },
      { name: 'f', type: 'float64' },
      { name: 'b', type: 'bool' },
      { name: 't', type: 'string' },
      { name: 'at', type: 'datetime64(3)' },
      { name: 'l', type: 'array(int64)' },
    ];
    const row = {
      i: -9007199254740993n,
      u: 9223372036854775807n,
      f: 0.1,
      b: true,
      t: 'a"b\n中',
      at: Date.UTC(2024, 1, 29, 12, 0, 0, 125),
      l: [1n, 2n],
    };
    await driverOf(file).send(rowsEvent('a "b"', [row, { ...row, u: null }], { columns }));
    expect(await query(file, `SELECT CAST(i AS TEXT) i, typeof(i) ti, CAST(u AS TEXT) u, f, b, t, at, l FROM "a ""b"""`)).toEqual([
      {
        i: '-9007199254740993',
        ti: 'integer',
        u: '9223372036854775807',
        f: 0.1,
        b: 1,
        t: 'a"b\n中',
        at: '2024-02-29 12:00:00.125',
        l: '[1,2]',
      },
      { i: '-9007199254740993', ti: 'integer', u: null, f: 0.1, b: 1, t: 'a"b\n中', at: '2024-02-29 12:00:00.125', l: '[1,2]' },
    ]);
    expect(await query(file, `SELECT name, type FROM pragma_table_info('a "b"')`)).toEqual([
      { name: 'i', type: 'INTEGER' },
      { name: 'u', type: 'INTEGER' },
      { name: 'f', type: 'REAL' },
      { name: 'b', type: 'INTEGER' },
      { name: 't', type: 'TEXT' },
      { name: 'at', type: 'TEXT' },
      { name: 'l', type: 'TEXT' },
    ]);
  });

  it('gets columns that come later, whatever their case, and keeps those it has', async () => {
    const file = await temporaryFile();
    const driver = driverOf(file);
    await driver.send([{ a: 1 }]);
    await driver.send([{ A: 2, b: 'x' }]);
    await driver.send([{ b: 'y' }]);
    expect(await query(file, 'SELECT a, b FROM test')).toEqual([
      { a: 1, b: null },
      { a: 2, b: 'x' },
      { a: null, b: 'y' },
    ]);
  });

  it('is not touched where create is off', async () => {
    const file = await temporaryFile();
    await expect(driverOf(file, { create: 'false' }).send([{ a: 1 }])).rejects.toThrow('no such table: test');
  });

  it('takes rows in its order, without more than one transaction for an event', async () => {
    const file = await temporaryFile();
    await driverOf(file).send(Array.from({ length: 5_000 }, (_, v) => ({ v })));
    expect(await query(file, 'SELECT count(*) c, max(v = rowid - 1) ok, min(v = rowid - 1) all_ok FROM test')).toEqual([
      { c: 5_000, ok: 1, all_ok: 1 },
    ]);
  });
});

describe('with a key', () => {
  it('a row replaces the one that has the same, also within an event and when it comes again', async () => {
    const file = await temporaryFile();
    const driver = driverOf(file, { key: 'device, room' });
    const event = rowsEvent('test', [
      { device: 'd', room: 1, v: 1 },
      { device: 'd', room: 2, v: 2 },
      { device: 'd', room: 1, v: 3 },
    ]);
    await driver.send(event);
    await driver.send(event);
    expect(await query(file, 'SELECT device, room, v FROM test ORDER BY room')).toEqual([
      { device: 'd', room: 1, v: 3 },
      { device: 'd', room: 2, v: 2 },
    ]);
  });

  it('and nothing else, rows are there once', async () => {
    const file = await temporaryFile();
    await driverOf(file, { key: 'k' }).send([{ k: 'a' }, { k: 'b' }, { k: 'a' }]);
    expect(await query(file, 'SELECT k FROM test')).toEqual([{ k: 'a' }, { k: 'b' }]);
  });

  it('that is NULL a row is refused, and those before it are in', async () => {
    const file = await temporaryFile();
    const failure = await driverOf(file, { key: 'k' })
      .send([{ k: 1 }, { k: 2 }, { k: null }, { k: 4 }])
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadRecord);
    expect(failure).toMatchObject({ row: 2, message: 'k is NULL, though it is the key' });
    expect(await query(file, 'SELECT k FROM test')).toEqual([{ k: 1 }, { k: 2 }]);
  });

  it('that no column is, the event fails', async () => {
    await expect(driverOf(await temporaryFile(), { key: 'id' }).send([{ k: 1 }])).rejects.toThrow(
      'there is no column id to be the key; columns are k',
    );
  });

  it.each([
    ['a text', { key: 'k' }, [{ k: 'x' }, { k: 'y' }], 'x', [{ k: 'y' }]],
    ['a number', { key: 'k' }, [{ k: 7n }, { k: 8n }], '7', [{ k: 8 }]],
  ])('of %s a deletion takes the row away', async (_, attributes, rows, key, left) => {
    const file = await temporaryFile();
    const driver = driverOf(file, attributes);
    await driver.send(deleteEvent('test', key));
    await driver.send(rows);
    await driver.send(deleteEvent('test', key));
    await driver.send(deleteEvent('test', null));
    expect(await query(file, 'SELECT k FROM test')).toEqual(left);
  });

  it('taken from the records, rows and deletions find each other', async () => {
    const file = await temporaryFile();
    const driver = driverOf(file, { 'record-key': '_key', key: '_key' });
    await driver.send(rowsEvent('test', [{ v: 1 }, { v: 2 }, { v: 3 }], { keys: ['a', 'b', 'a'] }));
    await driver.send(deleteEvent('test', 'b'));
    expect(await query(file, 'SELECT * FROM test')).toEqual([{ _key: 'a', v: 3 }]);
  });

  it('and deletions ignored, rows stay', async () => {
    const file = await temporaryFile();
    const driver = driverOf(file, { key: 'k', deletions: 'ignore' });
    await driver.send([{ k: 'x' }]);
    await driver.send(deleteEvent('test', 'x'));
    expect(await query(file, 'SELECT k FROM test')).toEqual([{ k: 'x' }]);
  });
});

it('a number that SQLite would round is refused', async () => {
  const file = await temporaryFile();
  const columns = [{ name: 'u', type: 'uint64' }];
  const event = rowsEvent('test', [{ u: 1n }, { u: 2n ** 63n }], { columns });
  const failure = await driverOf(file)
    .send(event)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'BadRecord', row: 1 });
  expect(await query(file, 'SELECT u FROM test')).toEqual([{ u: 1 }]);
});

describe('when something is wrong with the file', () => {
  it('a trigger that ends the transaction leaves nothing of an event behind', async () => {
    const file = await temporaryFile();
    await change(
      file,
      "CREATE TABLE test (v); CREATE TRIGGER t BEFORE INSERT ON test WHEN new.v = 3 BEGIN SELECT raise(ROLLBACK, 'no'); END",
    );
    await expect(driverOf(file).send([{ v: 1 }, { v: 2 }, { v: 3 }])).rejects.toThrow();
    expect(await query(file, 'SELECT v FROM test')).toEqual([]);
  });

  it('another process that writes is waited for, and after that the event comes again', async () => {
    const file = await temporaryFile();
    const driver = driverOf(file, { 'busy.timeout': '20ms' });
    await driver.send([{ v: 1 }]);
    const other = await Database.open(file, 0);
    await other.script('BEGIN IMMEDIATE');
    await expect(driver.send([{ v: 2 }])).rejects.toThrow(Retryable);
    await other.script('ROLLBACK');
    await other.close();
    await driver.send([{ v: 2 }]);
    expect(await query(file, 'SELECT v FROM test')).toEqual([{ v: 1 }, { v: 2 }]);
  });

  it('a full one is tried again later, and nothing of the event is there', async () => {
    const file = await temporaryFile();
    const database = await Database.open(file, 0);
    onTestFinished(() => database.close());
    await database.script('CREATE TABLE test (v TEXT); PRAGMA max_page_count = 4');
    const table = new Table(database, 'test', { key: [], recordKey: undefined, isMade: true });
    await expect(table.write(rowsEvent('test', [{ v: 'small' }, { v: 'x'.repeat(100_000) }]))).rejects.toThrow(Retryable);
    expect(await database.rows('SELECT v FROM test')).toEqual([]);
    await database.script('PRAGMA max_page_count = 4000');
    await table.write(rowsEvent('test', [{ v: 'small' }]));
    expect(await database.rows('SELECT v FROM test')).toEqual([{ v: 'small' }]);
  });

  it('one in a folder that is not there is not connected', async () => {
    const file = join(await temporaryFile(), 'deeper', 'out.db');
    await expect(driverOf(file).open()).rejects.toThrow(NotConnected);
  });

  it('one that is no database fails the handshake', async () => {
    const file = await temporaryFile();
    await writeFile(file, 'this is no database, but it is long enough to be read as one '.repeat(20));
    await expect(driverOf(file).open()).rejects.toThrow('file is not a database');
  });
});
