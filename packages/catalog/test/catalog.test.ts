import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalog, type MaterializedViewDefinition, openCatalog, type StreamDefinition, type ViewDefinition } from '@millrace/catalog';
import { FakeClock, type MillraceError } from '@millrace/core';
import { parseDataType } from '@millrace/data';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../src/database.ts';
import { migrate, migrations } from '../src/migrations.ts';
import { openDatabase } from '../src/open-database.ts';

let directory: string;
let path: string;
let clock: FakeClock;
let opened: Catalog[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-catalog-'));
  path = join(directory, 'catalog.db');
  clock = new FakeClock(1_767_225_600_000);
  opened = [];
});

afterEach(async () => {
  for (const catalog of opened) await catalog.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(options: Partial<Parameters<typeof openCatalog>[0]> = {}): Promise<Catalog> {
  const catalog = await openCatalog({ path, clock, ...options });
  opened.push(catalog);
  return catalog;
}

async function reopen(catalog: Catalog): Promise<Catalog> {
  await catalog.close();
  return open();
}

function stream(name: string, changes: Partial<StreamDefinition> = {}): StreamDefinition {
  return {
    name,
    columns: [
      { name: 'device', type: parseDataType('string'), default: null, comment: 'who' },
      { name: 'cpu', type: parseDataType('nullable(float32)'), default: '0', comment: null },
      { name: 'ts', type: parseDataType("datetime64(3, 'UTC')"), default: null, comment: null },
      { name: 'tags', type: parseDataType('map(string, array(int64))'), default: null, comment: null },
    ],
    primaryKey: ['device'],
    settings: { event_time_column: 'ts', shards: 3, raw: true },
    eventTimeColumn: 'ts',
    topic: name,
    createdTopic: true,
    topicId: 'wJ6tLqXkQ2y',
    partitions: 3,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 1_767_225_600_000,
    ...changes,
  };
}

function view(name: string, dependsOn: string[]): ViewDefinition {
  return { name, sql: `SELECT * FROM ${dependsOn[0]}`, columns: stream('x').columns, dependsOn, createdAtMs: 1 };
}

function materialized(name: string, dependsOn: string[], changes: Partial<MaterializedViewDefinition> = {}): MaterializedViewDefinition {
  return {
    ...view(name, dependsOn),
    id: 'k3xq',
    into: null,
    stream: stream(name, { primaryKey: [], settings: {}, eventTimeColumn: null }),
    settings: { commit_interval: '1s' },
    changelogTopic: `millrace.changelog.${name}`,
    isPaused: false,
    ...changes,
  };
}

async function failure(promise: Promise<unknown>): Promise<MillraceError> {
  try {
    await promise;
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error('it did not fail');
}

describe('materialized views in the catalog', () => {
  it('are kept over a restart, every field of them and of their streams', async () => {
    let catalog = await open();
    await catalog.createStream(stream('devices'));
    await catalog.createMaterializedView(materialized('hot', ['devices']));
    catalog = await reopen(catalog);
    expect(catalog.materializedViews()).toEqual([materialized('hot', ['devices'])]);
    expect(catalog.kindOf('hot')).toBe('materialized view');
  });

  it('are read as the stream that they write into', async () => {
    const catalog = await open();
    await catalog.createStream(stream('devices'));
    await catalog.createStream(stream('target'));
    await catalog.createMaterializedView(materialized('own', ['devices']));
    await catalog.createMaterializedView(materialized('other', ['devices'], { into: 'target', stream: null }));
    expect(catalog.stream('own')?.topic).toBe('own');
    expect(catalog.stream('other')?.topic).toBe('target');
    expect(catalog.streams().map(({ name }) => name)).toEqual(['devices', 'target']);
    expect(catalog.names()).toEqual(['devices', 'other', 'own', 'target']);
  });

  it('hold what they read and what they write into', async () => {
    const catalog = await open();
    await catalog.createStream(stream('devices'));
    await catalog.createStream(stream('target'));
    await catalog.createMaterializedView(materialized('mv', ['devices'], { into: 'target', stream: null }));
    expect(await failure(catalog.dropStream('devices'))).toMatchObject({ message: 'the stream devices is read by mv' });
    expect(await failure(catalog.dropStream('target'))).toMatchObject({ message: 'the stream target is written by mv' });
    await catalog.createMaterializedView(materialized('second', ['mv']));
    expect(await failure(catalog.dropMaterializedView('mv'))).toMatchObject({ code: 'STREAM_HAS_DEPENDENTS' });
    await catalog.dropMaterializedView('second');
    expect(await catalog.dropMaterializedView('mv')).toMatchObject({ name: 'mv' });
    await catalog.dropStream('target');
  });

  it('are not changed by what was judged by another view of the name, or by sources that have changed since', async () => {
    const catalog = await open();
    await catalog.createStream(stream('devices'));
    await catalog.createStream(stream('others'));
    await catalog.createMaterializedView(materialized('mv', ['devices']));
    const [judgedBy, after] = [catalog.version, materialized('mv', ['others'])];
    await expect(catalog.updateMaterializedView('mv', { ...after, id: 'another' })).rejects.toMatchObject({ code: 'CATALOG_CHANGED' });
    await catalog.updateStream('others', { partitions: 4 });
    await expect(catalog.updateMaterializedView('mv', after, judgedBy)).rejects.toMatchObject({ code: 'CATALOG_CHANGED' });
    await catalog.dropStream('others');
    await expect(catalog.updateMaterializedView('mv', after)).rejects.toMatchObject({ code: 'PLAN_STREAM_UNKNOWN' });
    expect(catalog.materializedView('mv')!.dependsOn).toEqual(['devices']);
  });

  it('are changed in place, and refused where another kind is wanted', async () => {
    let catalog = await open();
    await catalog.createStream(stream('devices'));
    await catalog.createMaterializedView(materialized('mv', ['devices']));
    await catalog.updateMaterializedView('mv', { isPaused: true });
    catalog = await reopen(catalog);
    expect(catalog.materializedView('mv')).toEqual(materialized('mv', ['devices'], { isPaused: true }));
    expect(await failure(catalog.dropView('mv'))).toMatchObject({
      message: 'mv is a materialized view, not a view',
      hint: 'write DROP VIEW mv',
    });
    expect(await failure(catalog.createView(view('mv', ['devices'])))).toMatchObject({ code: 'PLAN_STREAM_EXISTS' });
  });
});

describe('the catalog', () => {
  it('keeps streams and views over a restart, every field of them', async () => {
    let catalog = await open();
    await catalog.createStream(stream('devices'));
    await catalog.createStream(stream('Devices', { eventTimeColumn: null, topicId: null, comment: "it's" }));
    await catalog.createView(view('busy', ['devices']));
    catalog = await reopen(catalog);
    expect(catalog.stream('devices')).toEqual(stream('devices'));
    expect(catalog.stream('Devices')).toEqual(stream('Devices', { eventTimeColumn: null, topicId: null, comment: "it's" }));
    expect(catalog.view('busy')).toEqual(view('busy', ['devices']));
    expect(catalog.names()).toEqual(['Devices', 'busy', 'devices']);
    expect(catalog.streams().map(({ name }) => name)).toEqual(['Devices', 'devices']);
    expect(catalog.views().map(({ name }) => name)).toEqual(['busy']);
  });

  it('refuses a second object of a name, view or stream', async () => {
    const catalog = await open();
    await catalog.createStream(stream('a'));
    await catalog.createView(view('v', ['a']));
    expect(await failure(catalog.createStream(stream('a')))).toMatchObject({
      code: 'PLAN_STREAM_EXISTS',
      message: 'the stream a exists already',
    });
    expect(await failure(catalog.createStream(stream('v')))).toMatchObject({
      code: 'PLAN_STREAM_EXISTS',
      message: 'the view v exists already',
    });
    expect(await failure(catalog.createView(view('a', [])))).toMatchObject({ code: 'PLAN_STREAM_EXISTS' });
  });

  it('lets exactly one of many concurrent creates of a name succeed', async () => {
    const catalog = await open();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => catalog.createStream(stream('same', { partitions: i }))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const kept = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(catalog.stream('same')!.partitions).toBe(kept);
    expect((await reopen(catalog)).stream('same')!.partitions).toBe(kept);
  });

  it('drops what nothing reads, and names the dependents of what something does', async () => {
    let catalog = await open();
    await catalog.createStream(stream('a'));
    await catalog.createView(view('v1', ['a']));
    await catalog.createView(view('v2', ['v1', 'a']));
    expect(catalog.dependentsOf('a')).toEqual(['v1', 'v2']);
    const error = await failure(catalog.dropStream('a'));
    expect(error).toMatchObject({
      code: 'STREAM_HAS_DEPENDENTS',
      message: 'the stream a is read by v1, v2',
      details: { dependents: ['v1', 'v2'] },
    });
    expect(await failure(catalog.dropView('v1'))).toMatchObject({ code: 'STREAM_HAS_DEPENDENTS', message: 'the view v1 is read by v2' });
    await catalog.dropView('v2');
    await catalog.dropView('v1');
    expect(await catalog.dropStream('a')).toEqual(stream('a'));
    expect(catalog.names()).toEqual([]);
    catalog = await reopen(catalog);
    expect(catalog.names()).toEqual([]);
  });

  it('names the nearest object for one it does not know', async () => {
    const catalog = await open();
    await catalog.createStream(stream('devices'));
    expect(await failure(catalog.dropStream('device'))).toMatchObject({ code: 'PLAN_STREAM_UNKNOWN', hint: 'did you mean devices?' });
    expect(await failure(catalog.dropView('devices'))).toMatchObject({
      code: 'PLAN_STREAM_UNKNOWN',
      message: 'devices is a stream, not a view',
    });
    expect(await failure(catalog.createView(view('v', ['devces'])))).toMatchObject({
      code: 'PLAN_STREAM_UNKNOWN',
      hint: 'did you mean devices?',
    });
    expect(await failure(catalog.updateStream('nothing', {}))).toMatchObject({ code: 'PLAN_STREAM_UNKNOWN', hint: undefined });
  });

  it('keeps what changes of a stream', async () => {
    const catalog = await open();
    await catalog.createStream(stream('a'));
    expect(await catalog.updateStream('a', { partitions: 6, topicId: 'new' })).toEqual(stream('a', { partitions: 6, topicId: 'new' }));
    expect((await reopen(catalog)).stream('a')).toEqual(stream('a', { partitions: 6, topicId: 'new' }));
  });

  it('tells which streams read a topic', async () => {
    const catalog = await open();
    await catalog.createStream(stream('b', { topic: 'shared' }));
    await catalog.createStream(stream('a', { topic: 'shared' }));
    expect(catalog.streamsOfTopic('shared').map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('goes on after a write that failed', async () => {
    const catalog = await open();
    await catalog.createStream(stream('a'));
    const outcomes = await Promise.allSettled([catalog.createStream(stream('a')), catalog.createStream(stream('b'))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  it('finishes the writes under way when it is closed, and refuses later ones', async () => {
    const catalog = await open();
    const write = catalog.createStream(stream('a'));
    await catalog.close();
    await write;
    expect(await failure(catalog.createStream(stream('b')))).toMatchObject({ code: 'INTERNAL_INVARIANT' });
    expect((await open()).names()).toEqual(['a']);
  });
});

describe('the catalog file', () => {
  it('of a newer format is refused, naming both', async () => {
    await (await open()).close();
    const database = await Database.open(path);
    await database.script('PRAGMA user_version = 99');
    await database.close();
    const error = await failure(open());
    expect(error).toMatchObject({ code: 'CATALOG_INVALID', details: { format: 99, supported: migrations.length } });
    expect(error.message).toContain(`has format 99; this version of Millrace reads up to format ${migrations.length}`);
  });

  it('of an older format is brought forward, keeping what it holds', async () => {
    const database = await Database.open(path);
    await migrate(database, path, migrations.slice(0, 1));
    await database.run("INSERT INTO relations VALUES ('a', 'stream', ?)", [JSON.stringify({ ...stream('a'), columns: [] })]);
    const later = [...migrations, 'ALTER TABLE relations ADD COLUMN note TEXT;'];
    await migrate(database, path, later);
    await migrate(database, path, later);
    expect(await database.rows('SELECT name, note FROM relations')).toEqual([{ name: 'a', note: null }]);
    expect(await database.rows('PRAGMA user_version')).toEqual([{ user_version: later.length }]);
    await database.close();
  });

  it('stays at the format before a step that fails', async () => {
    const database = await Database.open(path);
    await migrate(database, path);
    await failure(migrate(database, path, [...migrations, 'CREATE TABLE half (x TEXT); CREATE TABLE relations (x TEXT);']));
    await database.close();
    expect((await open()).names()).toEqual([]);
  });

  it('that is garbage is refused', async () => {
    writeFileSync(path, 'this is not a database, but it is long enough to be read as one '.repeat(100));
    const error = await failure(open());
    expect(error.code).toBe('CATALOG_INVALID');
    expect(error.message).toContain(path);
  });

  it('of another program is refused and left as it is', async () => {
    const database = await Database.open(path);
    await database.script('CREATE TABLE bookmarks (url TEXT)');
    await database.close();
    expect((await failure(open())).message).toContain('the SQLite database of another program');
  });

  it('with torn pages is refused', async () => {
    const catalog = await open();
    for (let i = 0; i < 60; i++) await catalog.createStream(stream(`stream_${i}`));
    await catalog.close();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(12_000, 0xab), 0, 12_000, 8192);
    closeSync(file);
    expect((await failure(open())).code).toBe('CATALOG_INVALID');
  });

  it('that was cut off is refused', async () => {
    const catalog = await open();
    for (let i = 0; i < 60; i++) await catalog.createStream(stream(`stream_${i}`));
    await catalog.close();
    truncateSync(path, Math.floor(readFileSync(path).length / 2));
    expect((await failure(open())).code).toBe('CATALOG_INVALID');
  });

  it('with a definition that cannot be read names it', async () => {
    const catalog = await open();
    await catalog.createStream(stream('a'));
    await catalog.close();
    const database = await Database.open(path);
    await database.run(`UPDATE relations SET definition = replace(definition, 'float32', 'flaot32')`);
    await database.close();
    expect(await failure(open())).toMatchObject({
      code: 'CATALOG_INVALID',
      message: expect.stringContaining('the stream "a" cannot be read'),
    });
  });

  it('is held by one at a time', async () => {
    await open();
    expect((await failure(open())).code).toBe('DIRECTORY_LOCKED');
  });

  it('in a directory that is not there is an error that names the path', async () => {
    const error = await failure(open({ path: join(directory, 'none', 'catalog.db') }));
    expect(error).toMatchObject({ code: 'DISK_IO', message: expect.stringContaining(join(directory, 'none')) });
  });

  it('on a full disk refuses the write and shows nothing of it', async () => {
    const database = await openDatabase(path, migrate);
    const catalog = await Catalog.load(database, { path, clock });
    opened.push(catalog);
    await catalog.createStream(stream('before'));
    await database.script('PRAGMA max_page_count = 1');
    const long = stream('after', { comment: 'x'.repeat(100_000) });
    expect(await failure(catalog.createStream(long))).toMatchObject({ code: 'DISK_FULL', retryable: true });
    expect(catalog.names()).toEqual(['before']);
    await database.script('PRAGMA max_page_count = 100000');
    await catalog.createStream(long);
    expect((await reopen(catalog)).names()).toEqual(['after', 'before']);
  });

  it('holds every create that was acknowledged before the process was killed', async () => {
    const child = fork(new URL('./create-forever.ts', import.meta.url), [path], { execArgv: ['--conditions=source'] });
    const acknowledged: string[] = [];
    await new Promise<void>((resolve, reject) => {
      child.on('message', (name: string) => {
        acknowledged.push(name);
        if (acknowledged.length === 20) child.kill('SIGKILL');
      });
      child.on('error', reject);
      child.on('exit', (_, signal) => (signal === 'SIGKILL' ? resolve() : reject(new Error(`it ended by itself: ${signal}`))));
    });
    const catalog = await open();
    const names = catalog.names();
    expect(acknowledged.filter((name) => !names.includes(name))).toEqual([]);
    // One more may be in: written, but not acknowledged.
    expect(names.length).toBeLessThanOrEqual(acknowledged.length + 1);
    await catalog.createStream(stream('after'));
  });
});

describe('ingest ids', () => {
  it('give the remembered result, also after a restart', async () => {
    const catalog = await open();
    await catalog.rememberIngest('id-1', { rows: 3 });
    expect(catalog.recallIngest('id-1')).toEqual({ rows: 3 });
    expect(catalog.recallIngest('id-2')).toBeUndefined();
    expect((await reopen(catalog)).recallIngest('id-1')).toEqual({ rows: 3 });
  });

  it('are forgotten after their time', async () => {
    const catalog = await open({ ingestTtlMs: 1000 });
    await catalog.rememberIngest('old', { rows: 1 });
    clock.advance(999);
    expect(catalog.recallIngest('old')).toEqual({ rows: 1 });
    clock.advance(1);
    expect(catalog.recallIngest('old')).toBeUndefined();
  });

  it('are bounded in number, in the file too', async () => {
    const catalog = await open({ maxIngestIds: 10 });
    for (let i = 0; i < 270; i++) await catalog.rememberIngest(`id-${i}`, { i });
    expect(catalog.recallIngest('id-259')).toBeUndefined();
    expect(catalog.recallIngest('id-260')).toEqual({ i: 260 });
    await catalog.close();
    const database = await Database.open(path);
    const [{ held }] = (await database.rows<{ held: number }>('SELECT count(*) AS held FROM ingests')) as [{ held: number }];
    await database.close();
    expect(held).toBeLessThanOrEqual(10 + 256);
  });
});
