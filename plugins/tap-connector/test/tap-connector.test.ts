import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectorConformance, connectorDriver, deleteEvent, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import tap from '../src/index.ts';

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tap-connector-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'tap.txt');
}

async function target() {
  const file = await temporaryFile();
  const received = async () => {
    const text = await readFile(file, 'utf8').catch(() => '');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { n: number }).n);
  };
  return { attributes: { to: 'file', file }, received, close: async () => {} };
}

describe('the tap connector as a connector', () => {
  for (const { name, run } of connectorConformance(tap, target)) it(name, run);
});

const event = rowsEvent(
  's',
  [
    { v: 1, s: 'a b' },
    { v: 2, s: 'c' },
  ],
  { topic: 't', partition: 3, offset: 7 },
);

async function printed(attributes: Readonly<Record<string, string>>): Promise<string[]> {
  const driver = connectorDriver(tap, { attributes });
  await driver.send(event);
  await driver.send(deleteEvent('s', 'key', { topic: 't', partition: 3, offset: 9 }));
  await driver.close();
  return driver.services.log.map(({ message }) => message);
}

describe('the tap prints', () => {
  it.each([
    ['json', ['{"v":1,"s":"a b"}', '{"v":2,"s":"c"}', 'deleted from s: "key"']],
    ['origin', ['t/3/7 {"v":1,"s":"a b"}', 't/3/8 {"v":2,"s":"c"}', 't/3/9 deleted from s: "key"']],
    ['text', ['v=1 s="a b"', 'v=2 s="c"', 'deleted from s: "key"']],
  ])('rows and deletions as %s into the log', async (format, lines) => {
    expect(await printed({ format })).toEqual(lines);
  });

  it('to the standard output', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    expect(await printed({ to: 'stdout' })).toEqual([]);
    expect(write.mock.calls.map(([text]) => text).join('')).toBe('{"v":1,"s":"a b"}\n{"v":2,"s":"c"}\ndeleted from s: "key"\n');
  });

  it('nothing where it only counts', async () => {
    expect(await printed({ to: 'none' })).toEqual([]);
  });

  it.each([
    ['0', []],
    ['1', ['{"v":1,"s":"a b"}']],
    ['2', ['{"v":1,"s":"a b"}', '{"v":2,"s":"c"}']],
    ['3', ['{"v":1,"s":"a b"}', '{"v":2,"s":"c"}', 'deleted from s: "key"']],
  ])('no more than the limit of %s', async (limit, lines) => {
    expect(await printed({ limit })).toEqual(lines);
  });
});

it('the tap counts rows and deletions beyond its limit, too', async () => {
  const driver = connectorDriver(tap, { attributes: { limit: '1' } });
  await driver.send(event);
  await driver.send(event);
  await driver.send(deleteEvent('s', null));
  await driver.close();
  expect(driver.services.log).toHaveLength(1);
  expect(Object.fromEntries(driver.services.metrics)).toEqual({ rows: 4, deletions: 1 });
});

it.each([{ to: 'file' }, { file: '/tmp/x' }, { to: 'log', file: '/tmp/x' }])(
  'the tap refuses %j: file and its path go together',
  (given) => {
    const read = tap.attributes.read(given, 'connector');
    expect(read).toEqual({ ok: false, problems: ["'to'='file' and 'file' go together"] });
  },
);
