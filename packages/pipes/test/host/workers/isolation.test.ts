import { MillraceError } from '@millrace/core';
import type { PluginHost, ProcessorStage, StageFailure } from '@millrace/pipes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchRows } from '../../../src/host/events/batch-rows.ts';
import { rowsBatch } from '../event-batches.ts';
import { failureOf as errorOf } from '../failure-of.ts';
import { never } from '../open-stages.ts';
import { PackageFolder, recordingLogger, requestFor } from './user-packages.ts';

const timeoutMs = 1500;

/** One package, one worker: a plugin that behaves, and one that does what its attribute says at the row 666. */
const mischief = `
import { parentPort } from 'node:worker_threads';
import { a, defineConnector, defineExtractor, defineProcessor } from '@millrace/sdk';
const ports = [];
parentPort.on('message', (message) => message.port && ports.push(message.port));
const attributes = a.object({ deed: a.string() });
const kept = [];
const answers = {
  answer_nothing: undefined,
  answer_text: 'x',
  answer_noParts: { parts: 5, stateChanges: new Map() },
  answer_noChanges: { parts: [] },
  answer_noRows: { parts: [{ kind: 'picked', rows: Int32Array.of(7) }], stateChanges: new Map() },
  answer_noBatch: { parts: [{ kind: 'made', batch: { schemaId: 5 } }], stateChanges: new Map() },
};
const deeds = {
  ...Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, () => {
    for (const port of ports) for (let id = 1; id < 9; id++) port.postMessage({ id, answer });
    return new Promise(() => {});
  }])),
  throw() { throw new Error('thrown'); },
  throwText() { throw 'text'; },
  throwTrap() { throw new Proxy({}, { get() { throw new Error('trap'); } }); },
  throwOddly() { throw { get message() { throw new Error('again'); }, toString() { throw new Error('and again'); } }; },
  spin() { for (;;); },
  async spinLater() { await null; for (;;); },
  async starve() { for (;;) await null; },
  hang() { return new Promise(() => {}); },
  leak() { for (let i = 0; ; i++) { const a = []; for (let j = 0; j < 1000; j++) a.push(j + 0.5); kept.push(a); } },
  leakBuffers() { for (;;) kept.push(new Uint8Array(1024 * 1024).fill(1)); },
  exit() { process.exit(3); },
  later() { return new Promise(() => setTimeout(() => { throw new Error('uncaught'); }, 1)); },
  reject() { void Promise.reject(new Error('left alone')); },
  pollute() {
    Array.prototype.map = Array.prototype.entries = () => { throw new Error('polluted'); };
    Map.prototype.get = () => undefined;
  },
  polluteAll() { Object.prototype.polluted = true; },
  lie() {
    parentPort.postMessage(null);
    parentPort.postMessage({ kind: 'metrics', metrics: 5 });
    parentPort.postMessage({ kind: 'metrics', metrics: [{ name: {} }] });
    parentPort.postMessage({ kind: 'log', level: 'nonsense' });
  },
  garbage(emit) { emit.rows([{ v: Symbol('x') }]); },
  garbageEvent(emit) { emit.event({ kind: 'nonsense' }); },
  garbageRows(emit) { emit.rows('rows'); },
  garbageColumns(emit) { emit.rows([{ v: 1 }], [{ name: 'v', type: 'complex' }]); },
  garbageSources(emit) { emit.rows([{ v: 1 }], undefined, [7]); },
};
export const bad = defineProcessor({
  name: 'bad', summary: 'x', attributes,
  process(event, emit, { attributes: { deed } }) {
    if (event.row(0).v === 666) return deeds[deed](emit);
    emit.event(event);
  },
});
export const good = defineProcessor({ name: 'good', summary: 'x', attributes: a.object({}), map: (row) => ({ v: row.v + 1 }) });
export const target = defineConnector({
  name: 'target', summary: 'x', attributes: a.object({ hook: a.string(), deed: a.string() }),
  open({ attributes: { hook, deed } }) { const at = (name) => name === hook ? deeds[deed]() : undefined; at('open'); return at; },
  heartbeat: (at) => at('heartbeat'),
  transfer: (at) => at('transfer'),
  delete: (at) => at('delete'),
  close: (at) => at('close'),
});
export const source = defineExtractor({
  name: 'source', summary: 'x', attributes,
  next: ({ attributes: { deed } }) => deed === 'garbage' ? { stream: 's', rows: 5 } : deeds[deed](),
});
`;

const poison = rowsBatch({ v: ['int32', [1, 666]] });
const one = rowsBatch({ v: ['int32', [1]] });

let folder: PackageFolder;
let host: PluginHost;
const lines: { fields: object; message: string }[] = [];
beforeAll(async () => {
  folder = new PackageFolder();
  folder.write('library/mischief', { 'index.js': mischief });
  host = await folder.host({ timeoutMs, logger: recordingLogger(lines) });
}, 60_000);
afterAll(() => folder.remove(), 30_000);

interface Failure extends StageFailure {
  readonly message: string;
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const { details, message } = await errorOf(work);
  return { ...(details as unknown as StageFailure), message };
}

const open = (plugin: string, attributes: Record<string, string>, pipe: string) =>
  host.stages.openProcessor(requestFor(host, 'processor', plugin, attributes, pipe), never);

/** A pipe with the plugin that behaves: a batch after the other, opened again where a neighbour has brought it down. */
class Neighbour {
  readonly given: unknown[] = [];
  readonly causes: string[] = [];
  #stage: ProcessorStage | undefined;
  #next = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor() {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#done;
    await this.#stage?.close();
  }

  /** Resolves when it has got on by so many batches. */
  async goesOn(count: number): Promise<void> {
    const from = this.given.length;
    await expect.poll(() => this.given.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(from + count);
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        this.#stage ??= await open('good', {}, 'neighbour');
        const { batches } = await this.#stage.process(rowsBatch({ v: ['int32', [this.#next]] }), 1);
        this.given.push(...batches.flatMap((batch) => new BatchRows(batch, 'UTC').rows.map(({ v }) => v)));
        this.#next++;
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        this.causes.push(String(error.details['cause']));
        await this.#stage?.close();
        this.#stage = undefined;
      }
    }
  }
}

describe('a plugin of a user', { timeout: 60_000 }, () => {
  it.each([
    ['throw', 'thrown'],
    ['throwText', "'text'"],
    ['throwOddly', expect.any(String)],
    ['throwTrap', expect.any(String)],
    ['garbage', 'column v: Symbol(x) is no int32: it is a whole number from -2147483648 to 2147483647'],
    ['garbageEvent', "emit.event takes an event (kind rows or delete), not { kind: 'nonsense' }"],
    ['garbageRows', "emit.rows takes an array of rows, not 'rows'"],
    ['garbageColumns', expect.stringContaining('complex')],
    ['garbageSources', expect.stringContaining('sources')],
  ])('that does %s is told which row it was at, and can go on', async (deed, message) => {
    const stage = await open('bad', { deed }, 'p');
    const failure = await failureOf(stage.process(poison, 1));
    expect(failure).toMatchObject({ cause: 'error', plugin: 'bad', hook: 'process', row: 1 });
    if (typeof message === 'string') expect(failure.message).toBe(`the plugin bad failed in process: ${message}`);
    expect((await stage.process(one, 1)).batches).toEqual([one]);
    await stage.close();
  });

  it.each([
    ['spin', 'timeout', `it has not come back for ${timeoutMs} ms`],
    ['spinLater', 'timeout', `it has not come back for ${timeoutMs} ms`],
    ['starve', 'timeout', `it has not come back for ${timeoutMs} ms`],
    ['leak', 'memory', 'it took more than 64 MiB of memory'],
    ['leakBuffers', 'memory', 'it took more than 64 MiB of memory'],
    ['exit', 'lost', 'it ended its worker with process.exit(3)'],
    ['later', 'lost', 'it threw where nobody catches: uncaught'],
    ['pollute', 'lost', 'it has changed Array.prototype.entries, which everything in its worker uses'],
    ['polluteAll', 'lost', 'it has changed Object.prototype, which everything in its worker uses'],
  ])('that does %s ends with its worker; its neighbours lose nothing and are back at once', async (deed, cause, message) => {
    const neighbour = new Neighbour();
    const stage = await open('bad', { deed }, 'p');
    await neighbour.goesOn(3);
    const failure = await failureOf(stage.process(poison, 1));
    expect(failure).toEqual({ cause, plugin: 'bad', hook: 'process', message: `the plugin bad failed in process: ${message}` });
    await stage.close();
    await neighbour.goesOn(3);
    await neighbour.stop();
    expect(neighbour.causes).toEqual(['neighbour']);
    expect(neighbour.given).toEqual(neighbour.given.map((_, i) => i + 1));
  });

  it('that never resolves ends alone, with its time; the worker goes on', async () => {
    const neighbour = new Neighbour();
    const stage = await open('bad', { deed: 'hang' }, 'p');
    const failure = await failureOf(stage.process(poison, 1));
    expect(failure).toMatchObject({
      cause: 'timeout',
      hook: 'process',
      message: `the plugin bad failed in process: it took longer than ${timeoutMs} ms`,
    });
    await stage.close();
    await neighbour.goesOn(3);
    await neighbour.stop();
    expect(neighbour.causes).toEqual([]);
  });

  it('that speaks in the name of its worker is not listened to', async () => {
    const stage = await open('bad', { deed: 'lie' }, 'p');
    await stage.process(poison, 1);
    const senseless = () => lines.filter(({ message }) => message === 'the worker of a plugin has sent what makes no sense').length;
    await expect.poll(senseless).toBe(4);
    expect((await stage.process(one, 1)).batches).toEqual([one]);
    await stage.close();
  });

  it.each(['nothing', 'text', 'noParts', 'noChanges', 'noRows', 'noBatch'])(
    'that answers %s in its place loses its pipe, not the thread of it',
    async (name) => {
      const stage = await open('bad', { deed: `answer_${name}` }, 'p');
      expect(await failureOf(stage.process(poison, 1))).toMatchObject({ cause: 'lost', hook: 'process' });
      await stage.close();
    },
  );

  it('that leaves a rejected promise to nobody is logged', async () => {
    const stage = await open('bad', { deed: 'reject' }, 'p');
    await stage.process(poison, 1);
    await expect
      .poll(() => lines.map(({ fields, message }) => ({ ...fields, message })))
      .toContainEqual({
        error: 'left alone',
        message: 'a plugin has left a rejected promise to nobody',
      });
    await stage.close();
  });

  it.each(['open', 'transfer', 'heartbeat', 'delete', 'close'])('that throws in %s of a connector is named with it', async (hook) => {
    const request = requestFor(host, 'connector', 'target', { hook, deed: 'throw' });
    const calls = async () => {
      const stage = await host.stages.openConnector(request, never);
      await stage.heartbeat();
      await stage.transfer(one, 1, undefined);
      await stage.transfer({ ...one, kind: 'delete', schema: [], chunk: { rowCount: 1, columns: [] } }, 1, undefined);
      await stage.close();
    };
    expect(await failureOf(calls())).toMatchObject({
      cause: 'error',
      plugin: 'target',
      hook,
      message: `the plugin target failed in ${hook}: thrown`,
    });
  });

  it('that hangs in a connector lets those go on who share it', async () => {
    const shared = { hook: 'transfer', deed: 'hang' };
    const [first, second] = await Promise.all(
      ['p1', 'p2'].map((pipe) => host.stages.openConnector(requestFor(host, 'connector', 'target', shared, pipe), never)),
    );
    const failures = await Promise.all([failureOf(first!.transfer(one, 1, undefined)), failureOf(second!.transfer(one, 1, undefined))]);
    expect(failures.map(({ cause }) => cause).sort()).toEqual(['neighbour', 'timeout']);
    await Promise.all([first!.close(), second!.close()]);
  });

  it('that gives garbage as a source is told what it should have been', async () => {
    const stage = await host.stages.openExtractor(requestFor(host, 'extractor', 'source', { deed: 'garbage' }), undefined, never);
    expect((await failureOf(stage.next())).message).toBe('the plugin source failed in next: rows is an array of rows, not 5');
    await stage.close();
  });
});
