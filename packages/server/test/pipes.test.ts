import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Catalog, openCatalog, type PipeDefinition, type PipePluginDefinition } from '@millrace/catalog';
import { FakeClock, MillraceError, silentLogger } from '@millrace/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PipeParts, Pipes } from '../src/pipes/pipes.ts';

let directory: string;
let catalog: Catalog;
let calls: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-server-pipes-'));
  catalog = await openCatalog({ path: join(directory, 'catalog.db'), clock: new FakeClock() });
  calls = [];
});
afterEach(async () => {
  await catalog.close();
  rmSync(directory, { recursive: true, force: true });
});

const plugin: PipePluginDefinition = {
  name: 'x',
  exportName: 'default',
  packageFile: 'x.ts',
  uri: 'file:///x.ts',
  sha256: '00',
  createdAtMs: 1,
};
const stage = { plugin: 'x', attributes: {} };
const pipe: PipeDefinition = {
  name: 'p',
  id: '1',
  extractor: stage,
  processor: stage,
  connector: stage,
  boundaries: {},
  isRunning: true,
  exceptionMessage: null,
  createdAtMs: 1,
};

/** @param broken plugins that the host lists with an error */
function open({ isShared = false, broken = [] as string[] } = {}): Pipes {
  const host = {
    list: () => broken.map((name) => ({ name, error: 'its package is not there' })),
    find: () => {
      throw new MillraceError('PLUGIN_UNKNOWN', 'there is no connector x');
    },
    install: async ({ name }: PipePluginDefinition, replace: boolean) => void calls.push(`install ${name} ${replace}`),
    uninstall: async (name: string) => void calls.push(`uninstall ${name}`),
    setStreams: (streams: readonly unknown[]) => void calls.push(`streams ${streams.length}`),
  };
  const parts = { host, close: async () => void calls.push('close') } as unknown as PipeParts;
  const load = async () => {
    calls.push('load');
    return parts;
  };
  const surroundings = { brokers: [], instanceId: 'i', deployment: 'd', timezone: 'UTC' };
  const pipes = new Pipes({ catalog, clock: new FakeClock(), logger: silentLogger, load, isShared, surroundings });
  pipes.open();
  return pipes;
}

const view = (name: string) => ({ name, sql: 'SELECT 1', columns: [], dependsOn: [], createdAtMs: 1 });

describe('what runs pipes', () => {
  it('is not loaded by a server without any, whatever else it does', async () => {
    await catalog.pipes.create({ ...pipe, isRunning: false });
    await catalog.pipePlugins.create(plugin);
    const pipes = open();
    await catalog.createView(view('v'));
    await catalog.pipes.drop('p');
    expect(await pipes.records()).toEqual([]);
    await pipes.close();
    expect(calls).toEqual([]);
  });

  it('is loaded once when it is asked for, hears of streams from then on, and is closed', async () => {
    const pipes = open();
    await Promise.all([pipes.load(), pipes.load()]);
    await catalog.createView(view('v'));
    await pipes.load();
    await pipes.close();
    expect(calls).toEqual(['load', 'streams 0', 'close']);
  });

  it('is loaded by pipes that ran when the server ended', async () => {
    await catalog.pipes.create(pipe);
    const pipes = open();
    await pipes.load();
    await pipes.close();
    expect(calls).toEqual(['load', 'close']);
  });
});

describe('plugins', () => {
  it('that others have installed are installed before pipes may use them', async () => {
    const pipes = open({ isShared: true });
    await catalog.pipePlugins.create(plugin);
    await pipes.load();
    await catalog.pipePlugins.update('x', (now) => ({ ...now, sha256: '01' }));
    await pipes.load();
    await catalog.pipePlugins.drop('x');
    await pipes.load();
    expect(calls).toEqual(['load', 'install x true', 'install x true', 'uninstall x']);
  });

  it('that this server has installed or dropped itself are left as they are', async () => {
    const pipes = open({ isShared: true });
    pipes.notePlugin('x', plugin.sha256);
    await catalog.pipePlugins.create(plugin);
    pipes.notePlugin('x', null);
    await catalog.pipePlugins.drop('x');
    await pipes.load();
    expect(calls).toEqual(['load']);
  });

  it('that others have installed while it did not run are fetched when they are missing; of its own it says so', async () => {
    await catalog.pipePlugins.create(plugin);
    await open({ isShared: true, broken: ['x'] }).load();
    expect(calls.splice(0)).toEqual(['load', 'install x true']);
    await open({ broken: ['x'] }).load();
    expect(calls).toEqual(['load']);
  });
});

describe('statements over one name', () => {
  it('follow each other, also behind one that fails; those over others do not wait', async () => {
    const pipes = open();
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const step = (name: string, what: string, until: Promise<void> = Promise.resolve()) =>
      pipes.inTurn(name, async () => {
        await until;
        order.push(what);
        if (what === 'a1') throw new Error('no');
      });
    const first = step('a', 'a1', gate.promise);
    const second = step('a', 'a2');
    await step('b', 'b1');
    gate.resolve();
    await expect(first).rejects.toThrow('no');
    await second;
    expect(order).toEqual(['b1', 'a1', 'a2']);
  });
});
