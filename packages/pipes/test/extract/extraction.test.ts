import { FakeClock, SeededRandom } from '@millrace/core';
import type { FetchedPartition } from '@millrace/kafka-client';
import { type Compression, encodeBatch } from '@millrace/kafka-protocol';
import type { StreamSelection } from '@millrace/sdk';
import { describe, expect, it } from 'vitest';
import { Extraction } from '../../src/extract/extraction.ts';
import { Lease } from '../../src/extract/lease.ts';
import { rawRecord } from '../../src/extract/raw-record.ts';
import { sliceBatch, type Unit } from '../../src/extract/unit.ts';
import { rowsOf } from '../fake-stages.ts';
import { wholeSelection } from '../pipe-request.ts';
import { streamDefinition } from '../stream-definition.ts';

interface Given {
  readonly key?: string;
  readonly value: string | null;
  readonly timestampMs?: number;
  readonly clusters?: string;
}

const stream = streamDefinition('s', { id: 'int32', temp: 'float64', text: 'string' });

function fetched(batches: readonly (readonly Given[])[], compression: Compression = 'none'): FetchedPartition {
  let offset = 0;
  const encoded = batches.map((records) => {
    const inputs = records.map(({ key, value, timestampMs = 0, clusters }) => ({
      timestampMs,
      key: key === undefined ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers: clusters === undefined ? [] : [{ key: 'millrace.clusters', value: Buffer.from(clusters) }],
    }));
    const bytes = encodeBatch(inputs, { baseOffset: offset, compression });
    offset += records.length;
    return bytes;
  });
  let at = 0;
  return {
    topic: 's',
    partition: 0,
    bytes: Buffer.concat(encoded),
    batches: encoded.flatMap(({ length }) => [at, (at += length)]),
    fromOffset: 0,
    nextOffset: offset,
    highWatermark: offset,
    lastStableOffset: offset,
    logStartOffset: 0,
  };
}

function extract(
  batches: readonly (readonly Given[])[],
  selection: Partial<StreamSelection> = {},
  boundary = 0,
  compression: Compression = 'none',
) {
  const context = { clock: new FakeClock(), random: new SeededRandom(1), timezone: 'UTC' };
  const extraction = new Extraction({ selection: { ...wholeSelection, ...selection }, deployment: 'here' }, [stream], context);
  let isFree = false;
  const lease = new Lease(() => {
    isFree = true;
  });
  const units = [...extraction.units(fetched(batches, compression), { topic: 's', partition: 0, boundary }, lease)];
  lease.release();
  return { extraction, units, isFree: () => isFree };
}

const row = (id: number, more: Partial<Given> & { readonly temp?: number } = {}): Given => {
  const { temp = id / 2, ...given } = more;
  return { value: JSON.stringify({ id, temp, text: `t${id}` }), ...given };
};
const described = (units: readonly Unit[]) =>
  units.map(({ batch, undecodable, nextOffset }) => {
    const what = batch === null ? (undecodable?.reason ?? null) : rowsOf(batch).map(({ offset, row: { id } }) => `${offset}:${String(id)}`);
    return [what, nextOffset];
  });

describe('an extraction', () => {
  it('makes one unit of batches that may go together, with all columns and the event time', () => {
    const { units, isFree } = extract([[row(1, { timestampMs: 7 }), row(2)], [row(3, { key: 'k' })]]);
    expect(described(units)).toEqual([
      [['0:1', '1:2', '2:3'], 3],
      [null, 3],
    ]);
    const { batch } = units[0]!;
    expect(batch!.schema.map(({ name }) => name)).toEqual(['id', 'temp', 'text', '_tp_time']);
    expect([...batch!.records.times.subarray(0, 3)]).toEqual([7, 0, 0]);
    expect(rowsOf(batch!)[2]).toMatchObject({ key: 'k', row: { id: 3, temp: 1.5, text: 't3', _tp_time: 0 } });
    expect(batch!.clusters).toEqual([]);
    expect(isFree()).toBe(false);
    for (const { lease } of units) lease?.release();
    expect(isFree()).toBe(true);
  });

  it('puts small compressed batches together', () => {
    const batches = [[row(1, { key: 'a', clusters: 'x' })], [row(2), { key: 'b', value: null }], [row(4, { key: 'c', timestampMs: 9 })]];
    const { units } = extract(batches, { forwardsPipeRecords: true }, 0, 'gzip');
    expect(
      units.slice(0, 4).map(({ batch }) => batch && [batch.kind, batch.clusters, rowsOf(batch).map(({ offset, key }) => [offset, key])]),
    ).toEqual([
      ['rows', ['x'], [[0, 'a']]],
      ['rows', [], [[1, null]]],
      ['delete', [], [[2, 'b']]],
      ['rows', [], [[3, 'c']]],
    ]);
    expect(rowsOf(units[3]!.batch!)[0]!.row).toEqual({ id: 4, temp: 2, text: 't4', _tp_time: 9 });
    expect(rawRecord(units[0]!, 0, 'no', 'UTC').headers[0]!.value!.toString()).toBe('x');
    const many = extract(
      Array.from({ length: 60 }, (_, batch) => Array.from({ length: 100 }, (_row, i) => row(batch * 100 + i))),
      {},
      0,
      'gzip',
    ).units;
    expect(many.map(({ batch }) => batch?.records.count ?? 0)).toEqual([4000, 2000, 0]);
    expect(many.flatMap(({ batch }) => (batch === null ? [] : rowsOf(batch).map(({ row: { id } }) => id)))).toEqual(
      Array.from({ length: 6000 }, (_, i) => i),
    );
  });

  it('keeps compressed batches apart from those that are not', () => {
    const context = { clock: new FakeClock(), random: new SeededRandom(1), timezone: 'UTC' };
    const extraction = new Extraction({ selection: wholeSelection, deployment: 'here' }, [stream], context);
    const encoded = (['none', 'gzip', 'gzip', 'none', 'none', 'gzip'] as const).map((compression, i) =>
      encodeBatch([{ timestampMs: 0, key: null, value: Buffer.from(row(i).value!), headers: [] }], { baseOffset: i, compression }),
    );
    let at = 0;
    const whole = {
      ...fetched([]),
      bytes: Buffer.concat(encoded),
      batches: encoded.flatMap(({ length }) => [at, (at += length)]),
      nextOffset: 6,
    };
    const units = [...extraction.units(whole, { topic: 's', partition: 0, boundary: 0 }, new Lease(() => {}))];
    expect(described(units)).toEqual([
      [['0:0'], 1],
      [['1:1', '2:2'], 3],
      [['3:3', '4:4'], 5],
      [['5:5'], 6],
      [null, 6],
    ]);
  });

  it('parts history from realtime', () => {
    const { units } = extract([[row(1), row(2), row(3)]], {}, 2);
    expect(units.slice(0, 2).map(({ batch }) => [batch!.isHistorical, batch!.chunk.rowCount])).toEqual([
      [true, 2],
      [false, 1],
    ]);
  });

  it('leaves out history outside of its bounds, which are both included, and never realtime', () => {
    const at = (id: number, timestampMs: number) => row(id, { timestampMs });
    const records = [at(1, 9), at(2, 10), at(3, 15), at(4, 20), at(5, 21), at(6, 1)];
    const { units } = extract([records], { history: { startMs: 10, endMs: 20 } }, 5);
    expect(described(units)).toEqual([
      [['1:2', '2:3', '3:4'], 5],
      [['5:6'], 6],
      [null, 6],
    ]);
    expect([...units[0]!.batch!.sourceRows!]).toEqual([1, 2, 3]);
  });

  it('leaves out what comes later where only history is read, and ends at the boundary', () => {
    const { units, extraction } = extract([[row(1), row(2), row(3)]], { realtime: false }, 2);
    expect(described(units)).toEqual([
      [['0:1', '1:2'], 2],
      [null, 2],
    ]);
    expect(extraction.recordsIn).toBe(2);
  });

  it('chooses rows by their keys', () => {
    const { units } = extract([[row(1, { key: 'd1' }), row(2, { key: 'x' }), row(3, { key: 'd12' }), row(4)]], { pattern: 'root.s.d1' });
    expect(described(units)[0]).toEqual([['0:1', '2:3'], 4]);
  });

  it('chooses columns where the pattern reaches into their names, and the event time with them', () => {
    const { units } = extract([[row(1, { key: 'd1' }), row(2, { key: 'd1.te' }), row(3, { key: 'd1' })]], { pattern: 'root.s.d1.te' });
    expect(units.slice(0, 3).map(({ batch }) => [batch!.schema.map(({ name }) => name), rowsOf(batch!)[0]!.row])).toEqual([
      [['temp', 'text', '_tp_time'], { temp: 0.5, text: 't1', _tp_time: 0 }],
      [['id', 'temp', 'text', '_tp_time'], { id: 2, temp: 1, text: 't2', _tp_time: 0 }],
      [['temp', 'text', '_tp_time'], { temp: 1.5, text: 't3', _tp_time: 0 }],
    ]);
  });

  it('passes deletions whose key matches', () => {
    const { units } = extract(
      [
        [
          { key: 'd1', value: null },
          { key: 'x', value: null },
          { key: 'd1', value: null, timestampMs: 4 },
        ],
      ],
      {
        pattern: 'root.s.d1',
      },
    );
    const { batch } = units[0]!;
    expect([batch!.kind, rowsOf(batch!).map(({ key, offset }) => [key, offset])]).toEqual([
      'delete',
      [
        ['d1', 0],
        ['d1', 2],
      ],
    ]);
    expect(batch!.records.times[2]).toBe(4);
  });

  it('parts records that cannot be decoded from the others, and keeps them as they are', () => {
    const { units } = extract([[row(1), { value: '{"id":"x"}', key: 'bad' }, row(3)]]);
    expect(units.map(({ batch, nextOffset }) => [batch && rowsOf(batch).map(({ offset }) => offset), nextOffset])).toEqual([
      [[0], 1],
      [null, 2],
      [[2], 3],
      [null, 3],
    ]);
    const raw = rawRecord(units[1]!, 0, 'no', 'UTC');
    expect(raw).toMatchObject({ topic: 's', partition: 0, offset: 1, reason: 'no' });
    expect([raw.key!.toString(), raw.value!.toString()]).toEqual(['bad', '{"id":"x"}']);
  });

  it('parts records by the clusters that they have passed, where they are forwarded', () => {
    const records = [row(1), row(2, { clusters: 'a%2Cb,c' }), row(3, { clusters: 'a%2Cb,c' }), row(4, { clusters: 'here' }), row(5)];
    const kept = extract([records], { forwardsPipeRecords: true });
    expect(kept.units.slice(0, 3).map(({ batch }) => [batch!.clusters, batch!.chunk.rowCount])).toEqual([
      [[], 1],
      [['a,b', 'c'], 2],
      [[], 1],
    ]);
    expect(kept.extraction.loops).toBe(1);
    const left = extract([records]);
    expect(left.extraction.loops).toBe(3);
    expect(described(left.units)).toEqual([
      [['0:1'], 1],
      [['4:5'], 5],
      [null, 5],
    ]);
  });

  it('cuts units of many records', () => {
    const batches = Array.from({ length: 12 }, (_, batch) => Array.from({ length: 1000 }, (_row, i) => row(batch * 1000 + i)));
    const { units } = extract(batches);
    const counts = units.map(({ batch }) => batch?.records.count ?? 0);
    expect(counts.reduce((sum, count) => sum + count)).toBe(12_000);
    expect(Math.max(...counts)).toBeLessThan(6000);
  });
});

describe('a part of a batch', () => {
  it('has the rows of its records, which are numbered from 0', () => {
    const { units } = extract([[row(1, { key: 'd' }), row(2, { key: 'x' }), row(3, { key: 'd' }), row(4, { key: 'd' })]], {
      pattern: 'root.s.d',
    });
    const { batch } = units[0]!;
    const part = sliceBatch(batch!, 1, 3);
    expect(rowsOf(part)).toMatchObject([{ offset: 2, key: 'd', row: { id: 3 } }]);
    expect([part.records.count, [...part.sourceRows!]]).toEqual([2, [1]]);
    expect(sliceBatch(batch!, 0, 4)).toBe(batch);
    expect(rowsOf(sliceBatch(batch!, 1, 2))).toEqual([]);
  });
});
