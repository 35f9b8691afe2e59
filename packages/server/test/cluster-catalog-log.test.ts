import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Catalog, openCatalog, type PipeDefinition, type StreamDefinition, type ViewDefinition } from '@millrace/catalog';
import { type Clock, FakeClock, silentLogger, systemClock, systemRandom } from '@millrace/core';
import { parseDataType } from '@millrace/data';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterCatalogLog } from '../src/cluster/cluster-catalog-log.ts';
import { FakeSharedTopic } from './fake-shared-topic.ts';

let directory: string;
let topic: FakeSharedTopic;
let closers: (() => Promise<void>)[];
let memberCount = 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-cluster-'));
  topic = new FakeSharedTopic();
  closers = [];
});
afterEach(async () => {
  topic.isAway = false;
  for (const close of closers) await close();
  rmSync(directory, { recursive: true, force: true });
});

interface Member {
  readonly catalog: Catalog;
  readonly path: string;
  close(): Promise<void>;
}

async function openFile(path = join(directory, `${++memberCount}.sqlite`)) {
  return { path, catalog: await openCatalog({ path, clock: systemClock }) };
}

async function joinCluster(options: { path?: string; cluster?: string; clock?: Clock } = {}): Promise<Member> {
  const { cluster = 'test', clock = systemClock } = options;
  const { path, catalog } = await openFile(options.path);
  const log = new ClusterCatalogLog({ cluster, topic, clock, random: systemRandom, logger: silentLogger });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= log.close().then(() => catalog.close()));
  closers.push(close);
  await catalog.follow(log);
  return { catalog, path, close };
}

function stream(name: string, changes: Partial<StreamDefinition> = {}): StreamDefinition {
  return {
    name,
    columns: [{ name: 'v', type: parseDataType('int64'), default: null, comment: null }],
    primaryKey: [],
    settings: {},
    eventTimeColumn: null,
    topic: name,
    createdTopic: true,
    topicId: null,
    partitions: 1,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 1,
    ...changes,
  };
}

function view(name: string, ...dependsOn: string[]): ViewDefinition {
  return { name, sql: 'SELECT 1', columns: [], dependsOn, createdAtMs: 1 };
}

const outcome = (writing: Promise<unknown>): Promise<string> =>
  writing.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
const shown = (catalog: Catalog) => JSON.stringify([catalog.streams(), catalog.views(), catalog.materializedViews()]);
/** All have read what is in the topic: each of them by a change of its own. */
async function settle(...members: Member[]): Promise<void> {
  for (const [i, { catalog }] of members.entries()) {
    await catalog.createStream(stream(`settle${i}`));
    await catalog.dropStream(`settle${i}`);
  }
  for (const { catalog } of members) await catalog.catchUp();
}
/** Moves a clock while something waits for it: fast while no broker answers, for then nothing else is worked on that takes real time. */
async function passing<T>(clock: FakeClock, action: Promise<T>): Promise<T> {
  let isDone = false;
  const settled = action.finally(() => (isDone = true));
  settled.catch(() => {});
  while (!isDone) {
    clock.advance(topic.isAway ? 20 : 2);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return settled;
}

describe('a catalog that servers share', () => {
  it('shows to each what the others have made, changed and dropped, in their order', async () => {
    const [a, b] = [await joinCluster(), await joinCluster()];
    const seen: string[] = [];
    b.catalog.onChange(({ name, before, after }) => seen.push(`${name} ${before?.kind ?? '-'} ${after?.kind ?? '-'}`));
    await a.catalog.createStream(stream('s'));
    await a.catalog.createView(view('v', 's'));
    await a.catalog.updateStream('s', { comment: 'here' });
    await a.catalog.dropView('v');
    await b.catalog.createView(view('w', 's'));
    expect(b.catalog.stream('s')).toEqual(stream('s', { comment: 'here' }));
    expect(seen).toEqual(['s - stream', 'v - view', 's stream stream', 'v view -', 'w - view']);
    await settle(a, b);
    expect(shown(a.catalog)).toBe(shown(b.catalog));
  });

  it('gives a name to one of those who want it at the same time, and tells the others', async () => {
    const members = [await joinCluster(), await joinCluster(), await joinCluster()];
    const outcomes = await Promise.all(members.map(({ catalog }, i) => outcome(catalog.createStream(stream('s', { comment: `of ${i}` })))));
    expect(outcomes.toSorted()).toEqual(['PLAN_STREAM_EXISTS', 'PLAN_STREAM_EXISTS', 'done']);
    for (const { catalog } of members) expect(catalog.stream('s')!.comment).toBe(`of ${outcomes.indexOf('done')}`);
    expect(topic.records).toHaveLength(1);
  });

  it('lets either a view of a stream come or the stream go, never both', async () => {
    const [a, b] = [await joinCluster(), await joinCluster()];
    for (let round = 0; round < 8; round++) {
      const name = `s${round}`;
      await a.catalog.createStream(stream(name));
      await settle(a, b);
      const outcomes = await Promise.all([outcome(a.catalog.createView(view(`v${round}`, name))), outcome(b.catalog.dropStream(name))]);
      expect([
        ['done', 'STREAM_HAS_DEPENDENTS'],
        ['PLAN_STREAM_UNKNOWN', 'done'],
      ]).toContainEqual(outcomes);
    }
    await settle(a, b);
    expect(shown(a.catalog)).toBe(shown(b.catalog));
  });

  it('refuses what was judged by a stream that is another one now', async () => {
    const [a, b] = [await joinCluster(), await joinCluster()];
    await a.catalog.createStream(stream('s'));
    await settle(a, b);
    const judgedBy = b.catalog.version;
    await a.catalog.dropStream('s');
    await a.catalog.createStream(stream('s', { partitions: 2 }));
    expect(await outcome(b.catalog.createView(view('v', 's'), judgedBy))).toBe('CATALOG_CHANGED');
    expect(await outcome(b.catalog.createView(view('v', 's'), b.catalog.version))).toBe('done');
  });

  it('is the same for whoever comes, whatever was compacted and whoever wrote at the same time', async () => {
    const names = ['a', 'b', 'c'];
    const command = fc.record({
      member: fc.nat(2),
      kind: fc.constantFrom('create', 'drop', 'view', 'update'),
      name: fc.constantFrom(...names),
      source: fc.constantFrom(...names),
    });
    const steps = fc.array(fc.oneof({ weight: 5, arbitrary: fc.array(command, { minLength: 1, maxLength: 3 }) }, fc.constant('compact')), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (script, tombstones) => {
        topic = new FakeSharedTopic();
        const members = [await joinCluster(), await joinCluster(), await joinCluster()];
        for (const step of script) {
          if (typeof step === 'string') topic.compact();
          else
            await Promise.all(
              step.map(({ member, kind, name, source }) => {
                const { catalog } = members[member]!;
                if (kind === 'create') return outcome(catalog.createStream(stream(name)));
                if (kind === 'update') return outcome(catalog.updateStream(name, { comment: source }));
                if (kind === 'view') return outcome(catalog.createView(view(name, source)));
                return outcome(catalog.kindOf(name) === 'view' ? catalog.dropView(name) : catalog.dropStream(name));
              }),
            );
        }
        await settle(...members);
        topic.compact({ tombstones });
        const late = await joinCluster();
        for (const { catalog } of members) expect(shown(catalog)).toBe(shown(late.catalog));
        for (const member of [...members, late]) await member.close();
      }),
      { numRuns: 8 },
    );
    // Some fifty files are opened and written.
  }, 60_000);
});

describe('pipes and their plugins', () => {
  const stage = { plugin: 'p', attributes: {} };
  const pipe: PipeDefinition = {
    name: 'x',
    id: '1',
    extractor: stage,
    processor: stage,
    connector: stage,
    boundaries: {},
    isRunning: false,
    exceptionMessage: null,
    createdAtMs: 1,
  };
  const plugin = { name: 'x', exportName: 'default', packageFile: 'x.ts', uri: 'file:///x.ts', sha256: '00', createdAtMs: 1 };

  it('are known to all servers by names of their own, to those too that join later, and after compaction', async () => {
    const a = await joinCluster();
    const b = await joinCluster();
    await a.catalog.createView(view('x'));
    await b.catalog.pipes.create(pipe);
    await a.catalog.pipePlugins.create(plugin);
    await a.catalog.catchUp();
    await a.catalog.pipes.update('x', (definition) => ({ ...definition, isRunning: true }));
    await b.catalog.catchUp();
    topic.compact();
    const c = await joinCluster();
    for (const { catalog } of [a, b, c]) {
      expect(catalog.names()).toEqual(['x']);
      expect(catalog.pipes.list()).toEqual([{ ...pipe, isRunning: true }]);
      expect(catalog.pipePlugins.list()).toEqual([plugin]);
    }
    await b.catalog.pipes.drop('x');
    await c.catalog.catchUp();
    expect([c.catalog.pipes.list(), c.catalog.names()]).toEqual([[], ['x']]);
  });

  it('are made once, whichever server is asked', async () => {
    const servers = [await joinCluster(), await joinCluster()];
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => servers[i % 2]!.catalog.pipes.create({ ...pipe, id: String(i) })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const { catalog } of servers) await catalog.catchUp();
    expect(servers[0]!.catalog.pipes.get('x')).toEqual(servers[1]!.catalog.pipes.get('x'));
  });
});

describe('a change whose server or broker fails', () => {
  it('is in force if it was written, though its server died before it had applied it', async () => {
    const a = await joinCluster();
    await a.catalog.createStream(stream('before'));
    await a.close();
    // Another process wrote for it and was killed: the file knows nothing of it.
    const b = await joinCluster();
    await b.catalog.createStream(stream('written'));
    const again = await joinCluster({ path: a.path });
    expect(again.catalog.streams().map(({ name }) => name)).toEqual(['before', 'written']);
  });

  it('is made once, though the answer to its write was lost', async () => {
    const a = await joinCluster();
    topic.failNext = 'after';
    await a.catalog.createStream(stream('s'));
    expect(topic.records).toHaveLength(1);
    topic.failNext = 'before';
    await a.catalog.createStream(stream('t'));
    expect(topic.records).toHaveLength(2);
    expect(a.catalog.names()).toEqual(['s', 't']);
  });

  it('fails in a bounded time while no broker answers, changes nothing, and what is known can be read', async () => {
    const clock = new FakeClock();
    const a = await joinCluster({ clock });
    await a.catalog.createStream(stream('s'));
    topic.isAway = true;
    const before = clock.monotonic();
    await expect(passing(clock, a.catalog.createStream(stream('t')))).rejects.toMatchObject({
      code: 'KAFKA_BROKER_UNAVAILABLE',
      message: 'the catalog of the cluster cannot be changed now: no broker answers; nothing has changed',
    });
    expect(clock.monotonic() - before).toBeLessThanOrEqual(10_100);
    expect(a.catalog.names()).toEqual(['s']);
    topic.isAway = false;
    await passing(clock, a.catalog.createStream(stream('t')));
    expect(a.catalog.names()).toEqual(['s', 't']);
  });
});

describe('a server that joins', () => {
  it('knows what it knew if no broker answers, and what the others have made since when one does', async () => {
    const [a, b] = [await joinCluster(), await joinCluster()];
    await a.catalog.createStream(stream('s'));
    await settle(a, b);
    await b.close();
    await a.catalog.createStream(stream('t'));
    topic.isAway = true;
    const clock = new FakeClock();
    const again = await passing(clock, joinCluster({ path: b.path, clock }));
    expect(again.catalog.names()).toEqual(['s']);
    topic.isAway = false;
    await passing(clock, again.catalog.createStream(stream('u')));
    expect(again.catalog.names()).toEqual(['s', 't', 'u']);
  });

  it('hears of a view when the stream that it reads is there, though that lies behind it in the topic', async () => {
    const [a, b] = [await joinCluster(), await joinCluster()];
    await settle(a, b);
    await b.close();
    await a.catalog.createStream(stream('s'));
    await a.catalog.createView(view('v', 's'));
    await a.catalog.updateStream('s', { comment: 'changed' });
    topic.compact();
    expect(topic.records.filter(({ value }) => value !== null).map(({ key }) => key.toString())).toEqual(['v', 's']);
    topic.isAway = true;
    const clock = new FakeClock();
    const again = await passing(clock, joinCluster({ path: b.path, clock }));
    const known: unknown[] = [];
    again.catalog.onChange(({ name }) => known.push([name, again.catalog.kindOf('s')]));
    topic.isAway = false;
    await passing(clock, again.catalog.catchUp());
    expect(known).toEqual([
      ['v', 'stream'],
      ['s', 'stream'],
    ]);
  });

  it('drops what the others have dropped while it was away, even if nothing tells of it any more', async () => {
    const [a, b] = [await joinCluster(), await joinCluster()];
    await a.catalog.createStream(stream('s'));
    await a.catalog.createStream(stream('t'));
    await settle(a, b);
    await b.close();
    await a.catalog.dropStream('s');
    topic.compact({ tombstones: false });
    expect((await joinCluster({ path: b.path })).catalog.names()).toEqual(['t']);
  });

  it('brings its own catalog into a cluster that has none', async () => {
    const { path, catalog } = await openFile();
    await catalog.createStream(stream('s'));
    await catalog.createView(view('v', 's'));
    await catalog.close();
    const a = await joinCluster({ path });
    expect(a.catalog.names()).toEqual(['s', 'v']);
    expect((await joinCluster()).catalog.names()).toEqual(['s', 'v']);
    await a.close();
    expect((await joinCluster({ path })).catalog.names()).toEqual(['s', 'v']);
  });

  it('is refused with a catalog of its own if the cluster has one, and with that of another cluster', async () => {
    await (await joinCluster()).catalog.createStream(stream('theirs'));
    const { path, catalog } = await openFile();
    await catalog.createStream(stream('own'));
    await catalog.close();
    await expect(joinCluster({ path })).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { own: 1, theirs: 1 } });
    const member = await joinCluster();
    await member.close();
    await expect(joinCluster({ path: member.path, cluster: 'other' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('is refused if the topic is not the one that it knows, rather than losing everything', async () => {
    const a = await joinCluster();
    await a.catalog.createStream(stream('s'));
    await a.close();
    topic.empty();
    await expect(joinCluster({ path: a.path })).rejects.toMatchObject({ code: 'CATALOG_INVALID' });
  });
});
