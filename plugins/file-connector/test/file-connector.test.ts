import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Retryable } from '@millrace/sdk';
import { connectorConformance, connectorDriver, deleteEvent, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';
import { realDisk } from '../src/disk.ts';
import file, { fileConnector } from '../src/index.ts';
import { FaultyDisk } from './faulty-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

async function target() {
  const path = join(await temporaryFolder(), 'out.ndjson');
  const lines = async () => ((await realDisk.exists(path)) ? (await readFile(path, 'utf8')).split('\n').slice(0, -1) : []);
  const received = async () => (await lines()).map((line) => (JSON.parse(line) as { n: number }).n);
  return { attributes: { path }, received, close: async () => {} };
}

describe('the file connector as a connector', () => {
  for (const { name, run } of connectorConformance(file, target)) it(name, run);
});

describe('files', () => {
  it('are named by event time in UTC, stream and partition of their rows', async () => {
    const folder = await temporaryFolder();
    const driver = connectorDriver(file, { attributes: { path: join(folder, '{stream}/{date}/{hour}-{partition}.ndjson') } });
    const times = ['2024-02-29T22:59:59.999Z', '2024-02-29T23:00:00Z', '2024-03-01T00:00:00Z', '2024-02-29T22:00:00Z'].map(Date.parse);
    await driver.send(rowsEvent('cpu', [{ v: 1 }, { v: 2 }, { v: 3 }, { v: 4 }], { times, partition: 2 }));
    await driver.close();
    expect(await readFile(join(folder, 'cpu/2024-02-29/22-2.ndjson'), 'utf8')).toBe('{"v":1}\n{"v":4}\n');
    expect(await readFile(join(folder, 'cpu/2024-02-29/23-2.ndjson'), 'utf8')).toBe('{"v":2}\n');
    expect(await readFile(join(folder, 'cpu/2024-03-01/00-2.ndjson'), 'utf8')).toBe('{"v":3}\n');
  });

  it.each([
    ['../../evil', '%2E.%2F..%2Fevil.ndjson'],
    ['..', '%2E..ndjson'],
    ['a/b\\c', 'a%2Fb%5Cc.ndjson'],
    ['中文 \0', '中文%20%00.ndjson'],
    ['.hidden', '%2Ehidden.ndjson'],
  ])('of a stream called %j lie in their folder', async (stream, name) => {
    const folder = await temporaryFolder();
    const driver = connectorDriver(file, { attributes: { path: join(folder, 'out', '{stream}.ndjson') } });
    await driver.send(rowsEvent(stream, [{ v: 1 }]));
    await driver.close();
    expect(await readdir(folder)).toEqual(['out']);
    expect(await readdir(join(folder, 'out'))).toEqual([name]);
  });

  it('are closed and opened again when there are many of them', async () => {
    const folder = await temporaryFolder();
    const driver = connectorDriver(file, { attributes: { path: join(folder, '{partition}'), fsync: 'false' } });
    for (const round of [1, 2])
      for (let partition = 0; partition < 70; partition++) await driver.send(rowsEvent('s', [{ round }], { partition }));
    await driver.close();
    expect(await readdir(folder)).toHaveLength(70);
    expect(await readFile(join(folder, '7'), 'utf8')).toBe('{"round":1}\n{"round":2}\n');
  });

  it('are renamed before they grow beyond rotate.size, and no name is used twice', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'out.1.ndjson'), 'not ours\n');
    const driver = connectorDriver(file, { attributes: { path: join(folder, 'out.ndjson'), 'rotate.size': '20' } });
    for (const v of [1, 2, 3, 4, 5]) await driver.send(rowsEvent('s', [{ v }]));
    await driver.close();
    expect((await readdir(folder)).sort()).toEqual(['out.1.ndjson', 'out.2.ndjson', 'out.3.ndjson', 'out.ndjson']);
    expect(await readFile(join(folder, 'out.1.ndjson'), 'utf8')).toBe('not ours\n');
    expect(await readFile(join(folder, 'out.2.ndjson'), 'utf8')).toBe('{"v":1}\n{"v":2}\n');
    expect(await readFile(join(folder, 'out.ndjson'), 'utf8')).toBe('{"v":5}\n');
  });

  it('are not opened any more by a transfer that is under way when the connector is closed', async () => {
    const folder = await temporaryFolder();
    const driver = connectorDriver(file, { attributes: { path: join(folder, '{hour}') } });
    await driver.open();
    const times = Array.from({ length: 24 }, (_, hour) => hour * 3_600_000);
    const event = rowsEvent(
      's',
      times.map((v) => ({ v })),
      { times },
    );
    const sent = expect(driver.send(event)).rejects.toThrow('the connector is closed');
    await driver.close();
    await sent;
    expect((await readdir(folder)).length).toBeLessThan(24);
  });

  it('take no deletions', async () => {
    const { attributes, received } = await target();
    const driver = connectorDriver(file, { attributes });
    await driver.send(deleteEvent('s', 'k'));
    await driver.close();
    expect(await received()).toEqual([]);
  });
});

describe('a path', () => {
  it.each([
    ['out/{day}.ndjson', '{day}'],
    ['out/{date.ndjson', '{date.ndjson'],
    ['out/', 'is no path of a file'],
  ])('%s is refused', (path, problem) => {
    const read = file.attributes.read({ path }, 'connector');
    expect(read).toMatchObject({ ok: false, problems: [expect.stringContaining(problem)] });
  });

  it.each([
    ['a folder', '.', 'EISDIR'],
    ['a device', '/dev/full', 'not a regular file'],
    ['where no file can be made', '/proc/x', 'ENOENT'],
  ])('%s fails the handshake', async (_, path, problem) => {
    const folder = await temporaryFolder();
    const driver = connectorDriver(file, { attributes: { path: join(path.startsWith('/') ? '' : folder, path) } });
    await expect(driver.open()).rejects.toThrow(problem);
  });

  it('below a file fails the handshake', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    const driver = connectorDriver(file, { attributes: { path: join(folder, 'file', '{stream}') } });
    await expect(driver.open()).rejects.toThrow(/ENOTDIR|EEXIST/);
  });
});

describe('rows count as delivered', () => {
  it('when they are synced, and a new file also has its name synced', async () => {
    const disk = new FaultyDisk();
    const driver = connectorDriver(fileConnector(disk), { attributes: { path: join(await temporaryFolder(), 'out') } });
    await driver.send([{ v: 1 }]);
    await driver.send([{ v: 2 }]);
    await driver.close();
    expect(disk.calls).toEqual(['sync folder', 'append', 'sync', 'append', 'sync']);
  });

  it('without sync where fsync is off', async () => {
    const disk = new FaultyDisk();
    const driver = connectorDriver(fileConnector(disk), { attributes: { path: join(await temporaryFolder(), 'out'), fsync: 'false' } });
    await driver.send([{ v: 1 }]);
    await driver.close();
    expect(disk.calls).toEqual(['append']);
  });
});

describe('when the disk is full', () => {
  it('an event is tried again later, and what was written of it is gone', async () => {
    const disk = new FaultyDisk();
    const path = join(await temporaryFolder(), 'out');
    const driver = connectorDriver(fileConnector(disk), { attributes: { path } });
    await driver.send([{ v: 1 }]);
    disk.failAfterBytes = 11;
    await expect(driver.send([{ v: 2 }, { v: 3 }])).rejects.toThrow(Retryable);
    expect(await readFile(path, 'utf8')).toBe('{"v":1}\n');
    await driver.send([{ v: 2 }, { v: 3 }]);
    await driver.close();
    expect(await readFile(path, 'utf8')).toBe('{"v":1}\n{"v":2}\n{"v":3}\n');
  });

  it('the real one says so too', async () => {
    const path = '/dev/full';
    const disk = {
      ...realDisk,
      prepareFile: async () => {},
      open: async () => ({ ...(await realDisk.open(path)), size: async () => 0, truncate: async () => {} }),
    };
    const driver = connectorDriver(fileConnector(disk), { attributes: { path, fsync: 'false' } });
    await expect(driver.send([{ v: 1 }])).rejects.toThrow(/ENOSPC/);
  });
});

it('when a sync fails, the rows are not delivered and not there', async () => {
  const disk = new FaultyDisk();
  const path = join(await temporaryFolder(), 'out');
  const driver = connectorDriver(fileConnector(disk), { attributes: { path } });
  disk.failsSync = true;
  await expect(driver.send([{ v: 1 }])).rejects.toThrow('EIO');
  expect(await readFile(path, 'utf8')).toBe('');
  disk.failsSync = false;
  await driver.send([{ v: 1 }]);
  await driver.close();
  expect(await readFile(path, 'utf8')).toBe('{"v":1}\n');
});

describe('the end of a file that a crash has left', () => {
  it.each([
    ['nothing of the last row', '{"v":1}\n', '{"v":1}\n'],
    ['half a row', '{"v":1}\n{"v":', '{"v":1}\n'],
    ['half a row and nothing else', '{"v":', ''],
    ['a row without its line end', '{"v":1}\n{"v":2}', '{"v":1}\n{"v":2}\n'],
    ['zeros, as after a loss of power', '{"v":1}\n\0\0\0\0', '{"v":1}\n'],
    ['half a row that is longer than a block', `{"v":1}\n{"v":"${'x'.repeat(200_000)}`, '{"v":1}\n'],
  ])('%s: only whole rows stay', async (_, left, kept) => {
    const path = join(await temporaryFolder(), 'out');
    await writeFile(path, left);
    const driver = connectorDriver(file, { attributes: { path } });
    await driver.send([{ v: 9 }]);
    await driver.close();
    expect(await readFile(path, 'utf8')).toBe(`${kept}{"v":9}\n`);
  });

  it('of CSV: a line end within quotes ends no row', async () => {
    const path = join(await temporaryFolder(), 'out');
    await writeFile(path, 'v\n"a\nb"\n"c\n');
    const driver = connectorDriver(file, { attributes: { path, format: 'csv' } });
    await driver.send([{ v: 'd' }]);
    await driver.close();
    expect(await readFile(path, 'utf8')).toBe('v\n"a\nb"\nd\n');
  });
});

describe('CSV', () => {
  it('has a line of names, quotes where they are needed, and the digits of large numbers', async () => {
    const path = join(await temporaryFolder(), 'out.csv');
    const driver = connectorDriver(file, { attributes: { path, format: 'csv' } });
    const row = {
      big: 9007199254740993n,
      text: 'a,"b"\nc',
      empty: '',
      missing: null,
      yes: true,
      list: [1n, 9007199254740993n],
      'a,b': 0.5,
    };
    await driver.send([row]);
    await driver.close();
    expect(await readFile(path, 'utf8')).toBe(
      'big,text,empty,missing,yes,list,"a,b"\n9007199254740993,"a,""b""\nc","",,true,"[1,9007199254740993]",0.5\n',
    );
  });

  it('goes into a new file where the columns are others', async () => {
    const folder = await temporaryFolder();
    const attributes = { path: join(folder, 'out.csv'), format: 'csv' };
    const driver = connectorDriver(file, { attributes });
    await driver.send([{ a: 1 }]);
    await driver.close();
    await driver.send([{ a: 2 }]);
    await driver.send([{ a: 3, b: 4 }]);
    await driver.close();
    expect(await readFile(join(folder, 'out.1.csv'), 'utf8')).toBe('a\n1\n2\n');
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe('a,b\n3,4\n');
  });

  it('has no line of names where csv.header is off', async () => {
    const path = join(await temporaryFolder(), 'out.csv');
    const driver = connectorDriver(file, { attributes: { path, format: 'csv', 'csv.header': 'false' } });
    await driver.send([{ a: 1 }]);
    await driver.close();
    expect(await readFile(path, 'utf8')).toBe('1\n');
  });
});
