import { describe, expect, it } from 'vitest';
import { BatchRows } from '../../src/host/events/batch-rows.ts';
import { localStages, never, stageRequest } from './open-stages.ts';

const good = "stream: 's', columns: [{ name: 'v', type: 'int32' }], rows: [{ v: 1 }], position: 1";

describe('an extractor', () => {
  it('says what of the streams it selects', async () => {
    expect(await localStages().select(stageRequest('extractor', 'streams', { 'source.pattern': 'root.a' }))).toEqual({
      pattern: 'root.a',
      history: null,
      realtime: true,
      forwardsPipeRecords: false,
    });
    expect(await localStages().select(stageRequest('extractor', 'counter'))).toBeNull();
  });

  it('with a source of its own gives its rows with their positions, from where it was, to its end', async () => {
    const stage = await localStages().openExtractor(stageRequest('extractor', 'counter'), 1, never);
    const [two, three, end] = [await stage.next(), await stage.next(), await stage.next()];
    expect([two!.position, three!.position, end]).toEqual([2, 3, null]);
    const event = new BatchRows(three!.batch, 'UTC');
    expect([event.stream, event.rows, Buffer.from(event.key(0)!).toString(), event.time(0), event.origin(0).offset]).toEqual([
      'numbers',
      [{ v: 3 }],
      'k3',
      5000,
      1,
    ]);
    await stage.close();
  });

  it.each([
    ['undefined', 'stream is the name of a stream, not undefined'],
    [`{ ${good}, stream: '' }`, "stream is the name of a stream, not ''"],
    [`{ ${good}, rows: {} }`, 'rows is an array of rows, not {}'],
    [`{ ${good}, rows: [5] }`, '5 is no row'],
    [`{ ${good}, rows: [{ v: 1, w: 2 }] }`, 'w is none of the columns: they are v'],
    [`{ ${good}, rows: [{}] }`, 'the column v of type int32 takes no null'],
    [`{ ${good}, keys: [] }`, 'keys is 1 keys (bytes, text or null), not []'],
    [`{ ${good}, times: ['now'] }`, "times is 1 numbers of milliseconds, not [ 'now' ]"],
    [`{ ${good}, position: () => 1 }`, 'position is JSON, not [Function: position]'],
    [`{ ${good}, columns: [{ name: 'v' }] }`, "columns are an array of { name, type }, not [ { name: 'v' } ]"],
  ])('that gives %s is told what it should have been', async (value, message) => {
    const stage = await localStages().openExtractor(stageRequest('extractor', 'wrong', { value: `(${value})` }), undefined, never);
    await expect(stage.next()).rejects.toThrow(`the plugin wrong failed in next: ${message}`);
  });

  it.each([
    ['{}', 'pattern is a text, not undefined'],
    ["{ pattern: 'x', realtime: 1, forwardsPipeRecords: true }", 'realtime is true or false, not 1'],
    ["{ pattern: 'x', realtime: true, forwardsPipeRecords: true }", 'history is null, or startMs and endMs, not undefined'],
    ["{ pattern: 'x', realtime: true, forwardsPipeRecords: true, history: { startMs: NaN, endMs: 1 } }", 'history is null, or startMs'],
  ])('that selects %s is told what it should have been', async (value, message) => {
    const selected = localStages().select(stageRequest('extractor', 'selecting', { value: `(${value})` }));
    await expect(selected).rejects.toThrow(`the plugin selecting failed in select: select gave no selection: ${message}`);
  });
});
