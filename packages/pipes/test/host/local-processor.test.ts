import { formatDataType } from '@millrace/data';
import type { EventBatch, Processed, ProcessorStage } from '@millrace/pipes';
import type { Row } from '@millrace/sdk';
import { describe, expect, it } from 'vitest';
import { BatchRows } from '../../src/host/events/batch-rows.ts';
import { PluginMetrics } from '../../src/host/services/plugin-metrics.ts';
import { deleteBatch, rowsBatch } from './event-batches.ts';
import { failureOf } from './failure-of.ts';
import { localStages, never, stageRequest } from './open-stages.ts';

const numbers = rowsBatch({ v: ['int32', [0, 1, 2, 3]], name: ['string', ['a', 'ä', 'c', 'd']] });

async function open(exportName: string, attributes: Record<string, string> = {}): Promise<ProcessorStage> {
  return localStages().openProcessor(stageRequest('processor', exportName, attributes), never);
}

function rowsOf(batch: EventBatch): readonly Row[] {
  return new BatchRows(batch, 'UTC').rows;
}

function typesOf({ schema }: EventBatch): Record<string, string> {
  return Object.fromEntries(schema.map(({ name, type }) => [name, formatDataType(type)]));
}

async function processed(exportName: string, batch = numbers, attributes: Record<string, string> = {}): Promise<EventBatch[]> {
  return [...(await (await open(exportName, attributes)).process(batch, 1)).batches];
}

describe('a processor', () => {
  it('maps rows, whose columns keep their types', async () => {
    const [batch, ...others] = await processed('plusOne');
    expect(others).toEqual([]);
    expect(rowsOf(batch!)).toEqual([
      { v: 1, name: 'a' },
      { v: 2, name: 'ä' },
      { v: 3, name: 'c' },
      { v: 4, name: 'd' },
    ]);
    expect(typesOf(batch!)).toEqual({ v: 'int32', name: 'string' });
  });

  it('gives new columns the type of their first value', async () => {
    const [batch] = await processed('added');
    expect(typesOf(batch!)).toMatchObject({
      big: 'int64',
      flag: 'bool',
      text: 'string',
      list: 'array(nullable(float64))',
      map: 'map(string, nullable(float64))',
    });
    expect(rowsOf(batch!)[0]).toEqual({ v: 0, name: 'a', big: 7n, flag: true, text: 'ä', list: [1, null], map: new Map([['a', 1]]) });
  });

  it('filters rows, which keep their keys, times and offsets', async () => {
    const [batch] = await processed('even');
    const event = new BatchRows(batch!, 'UTC');
    expect(event.rows.map(({ v }) => v)).toEqual([0, 2]);
    expect([0, 1].map((row) => [Buffer.from(event.key(row)!).toString(), event.time(row), event.origin(row).offset])).toEqual([
      ['k0', 1000, 10],
      ['k2', 1002, 12],
    ]);
  });

  it('hands a batch on as it is when every row passes', async () => {
    const all = rowsBatch({ v: ['int32', [2, 4]] });
    expect((await processed('even', all))[0]).toBe(all);
    expect((await processed('through', all))[0]).toBe(all);
  });

  it('makes several rows of one, which all come from its record', async () => {
    const [batch] = await processed('twice', rowsBatch({ v: ['int32', [0, 1, 2]] }));
    expect(rowsOf(batch!).map(({ v }) => v)).toEqual([1, 10, 2, 20]);
    expect([...batch!.sourceRows!]).toEqual([1, 1, 2, 2]);
  });

  it('gets the services that it injects', async () => {
    const metrics = new PluginMetrics();
    const stage = await localStages({ metrics }).openProcessor(stageRequest('processor', 'counting', { from: '5' }), never);
    const { batches } = await stage.process(rowsBatch({ v: ['int32', [1, 2]] }), 1);
    expect(rowsOf(batches[0]!)).toEqual([
      { count: 6, now: 5000, streams: 1, limit: 9 },
      { count: 7, now: 5000, streams: 1, limit: 9 },
    ]);
    expect(metrics.list()).toEqual([{ pipe: 'p', stage: 'processor', plugin: 'counting', name: 'rows', kind: 'counter', value: 2 }]);
  });

  it('tells the changes of its state, and takes them back when told to, or when it fails', async () => {
    const stage = await open('counting');
    await stage.restore('t', 3, new Map([['count', 40]]));
    const one = rowsBatch({ v: ['int32', [1]] });
    const changes = async (batch: EventBatch) => Object.fromEntries((await stage.process(batch, 1)).stateChanges);
    expect(await changes(one)).toEqual({ count: 41 });
    await stage.rollBack();
    expect(await changes(one)).toEqual({ count: 41 });
    await failureOf(stage.process(rowsBatch({ v: ['int32', [1, 1, -1]] }), 1));
    expect(await changes(one)).toEqual({ count: 42 });
    expect(await changes(deleteBatch(1))).toEqual({ count: null });
    expect(await changes(one)).toEqual({ count: 1 });
  });

  it('counts up by numbers alone that a figure can be', () => {
    const metrics = new PluginMetrics();
    const stage = { pipe: 'p', stage: 'processor', plugin: 'x' } as const;
    for (const by of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => metrics.count(stage, 'rows', by)).toThrow(TypeError);
    expect(metrics.list()).toEqual([]);
  });

  it('keeps the state of each partition apart', async () => {
    const stage = await open('counting');
    const counts = async (partition: number) => {
      const done: Processed = await stage.process(rowsBatch({ v: ['int32', [1]] }, { partition }), 1);
      return done.stateChanges.get('count');
    };
    expect([await counts(0), await counts(1), await counts(0)]).toEqual([1, 1, 2]);
  });

  it('lets deletions pass that it does not take', async () => {
    const deletions = deleteBatch(2);
    expect((await processed('plusOne', deletions))[0]).toBe(deletions);
    expect((await processed('counting', deletions))[0]).toBe(deletions);
  });

  it('says which row of the batch it has thrown at, and with which hook', async () => {
    const error = await failureOf((await open('counting')).process(rowsBatch({ v: ['int32', [1, -5, 2]] }), 1));
    expect(error.code).toBe('PLUGIN_FAILED');
    expect(error.message).toBe('the plugin counting failed in process: negative -5');
    expect(error.details).toEqual({ cause: 'error', plugin: 'counting', hook: 'process', row: 1 });
  });

  it.each([
    ['null', 'map gave null: a row is an object of values by column'],
    ['[1]', 'map gave [ 1 ]: a row is an object of values by column'],
    ['Promise.resolve({})', 'map gave Promise { {} }: a row is an object of values by column'],
    ['{ v: "x" }', "column v: 'x' is no int32: it is a whole number from -2147483648 to 2147483647"],
    ['{ v: 2 ** 31 }', 'column v: 2147483648 is no int32: it is a whole number from -2147483648 to 2147483647'],
    ['{ v: 1.5 }', 'column v: 1.5 is no int32: it is a whole number from -2147483648 to 2147483647'],
    ['{ d: new Date(0) }', 'column d: 1970-01-01T00:00:00.000Z is no value of a row: a time is its number of milliseconds (getTime())'],
    [
      '{ o: { a: 1 } }',
      'column o: { a: 1 } is no value of a row: values are number, bigint, boolean, string, null, arrays and Maps of them',
    ],
    [
      '{ f: () => 1 }',
      'column f: [Function: f] is no value of a row: values are number, bigint, boolean, string, null, arrays and Maps of them',
    ],
  ])('refuses %s as a row, and says what came', async (value, message) => {
    const error = await failureOf(processed('giving', numbers, { value: `(${value})` }));
    expect(error.message).toBe(`the plugin giving failed in map: ${message}`);
    expect(error.details).toMatchObject({ cause: 'error', hook: 'map', row: 0 });
  });

  it('takes nothing for a value that objects have by themselves', async () => {
    for (const columns of ['undefined', '[{ name: "v", type: "int8" }, { name: "constructor", type: "nullable(string)" }]']) {
      const [batch] = await processed('emitting', numbers, { code: `emit.rows([{ v: 1, constructor: "Ferrari" }, { v: 2 }], ${columns})` });
      expect(rowsOf(batch!)).toEqual([
        { v: 1, constructor: 'Ferrari' },
        { v: 2, constructor: null },
      ]);
    }
  });

  it('refuses times that nobody can print', async () => {
    const times = rowsBatch({ at: ['datetime64(3)', [1, 2]] });
    const error = await failureOf(processed('giving', times, { value: '({ at: 1e300 })' }));
    expect(error.message).toContain('column at: 1e+300 is no datetime64(3): it is a number of milliseconds since the epoch');
  });

  it('refuses an answer of a filter that is neither true nor false', async () => {
    const error = await failureOf(processed('asking', numbers, { value: '"yes"' }));
    expect(error.message).toBe("the plugin asking failed in filter: filter gave 'yes': it gives true or false");
  });

  it('makes a column nullable when a null comes', async () => {
    const [batch] = await processed('giving', numbers, { value: '({ v: null })' });
    expect(typesOf(batch!)).toEqual({ v: 'nullable(int32)' });
    expect(rowsOf(batch!)[3]).toEqual({ v: null });
  });

  it('keeps every value of every type through an unchanged row', async () => {
    const every = rowsBatch({
      i64: ['int64', [-(2n ** 63n)]],
      u64: ['uint64', [2n ** 64n - 1n]],
      f32: ['float32', [Math.fround(0.1)]],
      b: ['bool', [true]],
      u: ['uuid', ['61f0c404-5cb3-11e7-907b-a6006ad3dba0']],
      ip: ['ipv4', ['192.0.2.1']],
      d: ['date', [19_000]],
      dt: ['datetime', [1_700_000_000]],
      d3: ['datetime64(3)', [1_700_000_000_123]],
      d6: ['datetime64(6)', [1_700_000_000_123_456]],
      d9: ['datetime64(9)', [1_700_000_000_123_456_789n]],
      fs: ['fixed_string(4)', ['ab\0\0']],
      e: ["enum8('x' = 1, 'y' = 2)", ['y']],
      j: ['json', ['{"a": 1}']],
      n: ['nullable(string)', [null]],
      a: ['array(string)', [['x', 'y']]],
      t: ['tuple(int32, string)', [[1, 'z']]],
      m: ['map(string, int64)', [new Map([['q', 5n]])]],
    });
    const [batch] = await processed('copying', every);
    expect(typesOf(batch!)).toEqual(typesOf(every));
    expect(rowsOf(batch!)).toEqual(rowsOf(every));
  });

  it('gives columns the types that it declares', async () => {
    const [batch] = await processed('columned', rowsBatch({ v: ['int8', [0, 1]] }));
    expect(typesOf(batch!)).toEqual({ v: 'int8', w: 'nullable(datetime64(6))' });
    expect(rowsOf(batch!)).toEqual([
      { v: 0, w: null },
      { v: 1, w: 1.25 },
    ]);
  });

  const emitted = async (code: string, batch = numbers) => processed('emitting', batch, { code });

  it('may say from which rows its own come', async () => {
    const [batch] = await emitted('emit.rows([{ v: 7 }, { v: 8 }], undefined, [1, 3])');
    expect([...batch!.sourceRows!]).toEqual([1, 3]);
    const [others] = await emitted('emit.rows([{ v: 7 }, { v: 8 }])');
    expect([...others!.sourceRows!]).toEqual([3, 3]);
    const [asMany] = await emitted('emit.rows(event.rows.map((row) => row))');
    expect([...asMany!.sourceRows!]).toEqual([0, 1, 2, 3]);
  });

  it('emits in order what it hands on, what it makes, and what it deletes', async () => {
    const batches = await emitted(`
      emit.event(event);
      emit.rows([{ v: 9 }]);
      emit.rows([{ v: 10 }]);
      emit.event({ kind: 'heartbeat', time: 1 });
      emit.event({ kind: 'delete', stream: 's', key: Buffer.from('gone'), time: 77, isHistorical: false, origin: event.origin(0) });`);
    expect(batches.map(({ kind, chunk }) => [kind, chunk.rowCount])).toEqual([
      ['rows', 4],
      ['rows', 2],
      ['delete', 1],
    ]);
    expect(batches[0]).toBe(numbers);
    const { records } = batches[2]!;
    expect([records.keys.bytes.toString(), records.times[0], records.offsets[0]]).toEqual(['gone', 77, 13]);
  });

  it.each([
    ['emit.rows([{ v: 1 }], [{ name: "v", type: "int9" }])', /int9/],
    ['emit.rows([{ v: 1 }], [{ name: "v", type: "int8" }, { name: "v", type: "string" }])', /two columns are called v/],
    ['emit.rows([{ v: 1 }], undefined, [4])', /sources/],
    ['emit.rows([{ v: 1 }, { v: 2 }], undefined, [2, 1])', /sources/],
    ['emit.event(null)', /emit.event takes an event/],
    ['emit.event({ kind: "delete", key: "text" })', /the key of a deletion is bytes or null/],
    ['emit.rows([Object.fromEntries(Array.from({ length: 1001 }, (_, i) => ["c" + i, i]))])', /more than 1000 columns/],
    ['event.column("nope")', /the stream s has no column nope: it has v, name/],
    ['event.row(4)', /there is no row 4: the event has 4, from 0 on/],
    ['event.rows.push({})', /not extensible/],
  ])('is told what is wrong with %s', async (code, message) => {
    expect((await failureOf(emitted(code))).message).toMatch(message);
  });

  it('cannot emit when its hook has ended', async () => {
    await emitted('globalThis.late = emit');
    const { late } = globalThis as unknown as { late: { rows(rows: object[]): void } };
    expect(() => late.rows([{ v: 1 }])).toThrow('emit.rows was called after the hook had ended');
  });

  it('reads columns without rows: values, nulls, bytes, and the lane itself', async () => {
    const batch = rowsBatch({
      v: ['nullable(int32)', [1, null]],
      t: ['datetime', [5, 6]],
      s: ['string', ['ä', 'b']],
      i: ['int64', [1n, 2n]],
    });
    const event = new BatchRows(batch, 'UTC', 1);
    expect([event.column('v').value(0), event.column('v').isNull(0), event.column('t').value(0)]).toEqual([null, true, 6000]);
    expect([event.column('t').lane![0], event.column('i').lane![0], event.column('s').lane]).toEqual([6, 2n, undefined]);
    expect(Buffer.from(new BatchRows(batch, 'UTC').column('s').bytes(0)!).toString()).toBe('ä');
    expect(event.json(0)).toBe('{"v":null,"t":"1970-01-01 00:00:06","s":"b","i":2}');
  });

  it('whose attributes cannot be read is named with them', async () => {
    const error = await failureOf(open('touchy', { x: '1' }));
    expect([error.message, error.details['hook']]).toEqual(['the plugin touchy failed in attributes: cannot check', 'attributes']);
  });
});
