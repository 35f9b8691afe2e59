import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Catalog, openCatalog, type PipeDefinition, type PipePluginDefinition } from '@millrace/catalog';
import { FakeClock, MillraceError } from '@millrace/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../src/database.ts';
import { migrate, migrations } from '../src/migrations.ts';

let directory: string;
let catalog: Catalog;

const open = () => openCatalog({ path: join(directory, 'catalog.db'), clock: new FakeClock() });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-catalog-pipes-'));
  catalog = await open();
});

afterEach(async () => {
  await catalog.close();
  rmSync(directory, { recursive: true, force: true });
});

function pipe(name: string, changes: Partial<PipeDefinition> = {}): PipeDefinition {
  return {
    name,
    id: '1a2b3c4d',
    extractor: { plugin: 'iotdb-extractor', attributes: { 'extractor.pattern': 'root.a' } },
    processor: { plugin: 'do-nothing-processor', attributes: {} },
    connector: { plugin: 'tap-connector', attributes: { connector: 'tap-connector', b: '', a: "it's" } },
    boundaries: { a: [0, 17], b: [3] },
    isRunning: false,
    exceptionMessage: null,
    createdAtMs: 1_767_225_600_000,
    ...changes,
  };
}

function plugin(name: string): PipePluginDefinition {
  return { name, exportName: 'default', packageFile: 'x.ts', uri: 'file:///x.ts', sha256: '00', createdAtMs: 1 };
}

async function codeOf(action: Promise<unknown>): Promise<{ code: string; message: string; hint: string | undefined }> {
  const error = await action.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof MillraceError)) throw new Error(`no MillraceError: ${String(error)}`);
  return { code: error.code, message: error.message, hint: error.hint };
}

describe('pipes and plugins in a catalog', () => {
  it('are there again after it was closed, with the order of their attributes', async () => {
    await catalog.pipes.create(pipe('b'));
    await catalog.pipes.create(pipe('a', { exceptionMessage: 'TException: …' }));
    await catalog.pipePlugins.create(plugin('a'));
    await catalog.close();
    catalog = await open();
    expect(catalog.pipes.list()).toEqual([pipe('a', { exceptionMessage: 'TException: …' }), pipe('b')]);
    expect(Object.keys(catalog.pipes.get('a')!.connector.attributes)).toEqual(['connector', 'b', 'a']);
    expect(catalog.pipePlugins.list()).toEqual([plugin('a')]);
    expect(catalog.names()).toEqual([]);
  });

  it('have names of their own: a pipe, a plugin and a stream may be called alike', async () => {
    await catalog.pipes.create(pipe('x'));
    await catalog.pipePlugins.create(plugin('x'));
    await catalog.createView({ name: 'x', sql: 'SELECT 1', columns: [], dependsOn: [], createdAtMs: 1 });
    await catalog.pipes.drop('x');
    expect([catalog.pipes.get('x'), catalog.pipePlugins.get('x')?.name, catalog.kindOf('x')]).toEqual([undefined, 'x', 'view']);
  });

  it('have names that are case-sensitive', async () => {
    await catalog.pipes.create(pipe('P'));
    await catalog.pipes.create(pipe('p'));
    expect(catalog.pipes.list().map(({ name }) => name)).toEqual(['P', 'p']);
  });

  it('are made once, also by many at a time', async () => {
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => catalog.pipes.create(pipe('x'))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await codeOf(catalog.pipes.create(pipe('x')))).toEqual({
      code: 'PIPE_EXISTS',
      message: 'the pipe x exists already',
      hint: 'drop it first, or write CREATE … IF NOT EXISTS',
    });
    expect((await codeOf(catalog.pipePlugins.create(plugin('y')).then(() => catalog.pipePlugins.create(plugin('y'))))).code).toBe(
      'PLUGIN_EXISTS',
    );
  });

  it('are changed by what is there by then', async () => {
    await catalog.pipes.create(pipe('x'));
    const changes = Array.from({ length: 5 }, () =>
      catalog.pipes.update('x', (definition) => ({ ...definition, createdAtMs: definition.createdAtMs + 1 })),
    );
    await Promise.all(changes);
    expect(catalog.pipes.get('x')!.createdAtMs).toBe(1_767_225_600_005);
  });

  it('that are not there are named, with the nearest', async () => {
    await catalog.pipes.create(pipe('events'));
    const unknown = { code: 'PIPE_UNKNOWN', message: 'there is no pipe event', hint: 'did you mean events?' };
    expect(await codeOf(catalog.pipes.drop('event'))).toEqual(unknown);
    expect(await codeOf(catalog.pipes.update('event', (same) => same))).toEqual(unknown);
    expect(await codeOf(catalog.pipePlugins.drop('events'))).toEqual({
      code: 'PLUGIN_UNKNOWN',
      message: 'there is no pipe plugin events',
      hint: undefined,
    });
  });

  it('stay as they are where the one who asks says no', async () => {
    const no = () => {
      throw new MillraceError('PLUGIN_IN_USE', 'no');
    };
    await catalog.pipePlugins.create(plugin('x'));
    expect((await codeOf(catalog.pipePlugins.drop('x', no))).code).toBe('PLUGIN_IN_USE');
    expect((await codeOf(catalog.pipePlugins.create(plugin('y'), no))).code).toBe('PLUGIN_IN_USE');
    expect(catalog.pipePlugins.list()).toEqual([plugin('x')]);
  });

  it('are told to those who listen, before and after', async () => {
    const seen: [string, boolean | undefined, boolean | undefined][] = [];
    catalog.pipes.onChange(({ name, before, after }) => seen.push([name, before?.isRunning, after?.isRunning]));
    await catalog.pipes.create(pipe('x'));
    await catalog.pipes.update('x', (definition) => ({ ...definition, isRunning: true }));
    await catalog.pipes.drop('x');
    expect(seen).toEqual([
      ['x', undefined, false],
      ['x', false, true],
      ['x', true, undefined],
    ]);
  });

  it('come to a file of a time before them', async () => {
    const path = join(directory, 'old.db');
    const database = await Database.open(path);
    await migrate(database, path, migrations.slice(0, 3));
    await database.run("INSERT INTO relations VALUES ('v', 'view', ?)", [JSON.stringify({ name: 'v', columns: [], dependsOn: [] })]);
    await database.close();
    const old = await openCatalog({ path, clock: new FakeClock() });
    await old.pipes.create(pipe('x'));
    expect([old.names(), old.pipes.list().length]).toEqual([['v'], 1]);
    await old.close();
  });

  it('that cannot be read keep the catalog from opening', async () => {
    await catalog.close();
    const path = join(directory, 'catalog.db');
    const database = await Database.open(path);
    await database.run("INSERT INTO pipes VALUES ('x', '{')");
    await database.close();
    const { code, message } = await codeOf(open());
    expect([code, message.includes('the definition of the pipe "x" cannot be read')]).toEqual(['CATALOG_INVALID', true]);
    const again = await Database.open(path);
    await again.run('DELETE FROM pipes');
    await again.close();
    catalog = await open();
  });
});
