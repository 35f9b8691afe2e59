import { FakeClock, SeededRandom } from '@millrace/core';
import { type Chunk, columnOf, type DataType, type Value } from '@millrace/data';
import type { UnnestNode } from '@millrace/planner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mark } from '../../src/operators/operator.ts';
import { Unnest } from '../../src/operators/unnest.ts';
import { MemoryBudget } from '../../src/state/memory-budget.ts';
import { column, constant, int32, newKafka, nullable, planOf, Run, rowsOf, string } from '../harness.ts';

const items: DataType = { kind: 'array', element: nullable(int32) };
const input = [
  { name: 'k', type: string },
  { name: 'items', type: nullable(items) },
];
const schema = [...input, { name: 'item', type: nullable(int32) }];
const values = (rows: readonly (readonly Value[])[]) => ({ node: 'values', schema: input, rows }) as const;
const node: UnnestNode = { node: 'unnest', schema, input: values([]), array: column(1, nullable(items)) };

function operator(array = node.array): Unnest {
  const clock = new FakeClock(0);
  return new Unnest(
    { ...node, array },
    {
      clock,
      kernels: { clock, random: new SeededRandom(1), timezone: 'UTC' },
      memory: new MemoryBudget(1 << 20),
      keepsState: false,
    },
  );
}

function chunkOf(rows: readonly (readonly Value[])[], over: Partial<Chunk> = {}): Chunk {
  const columns = input.map(({ type }, index) =>
    columnOf(
      type,
      rows.map((row) => row[index]!),
    ),
  );
  return { rowCount: rows.length, columns, ...over };
}

function through(unnest: Unnest, chunk: Chunk): Chunk[] {
  const chunks: Chunk[] = [];
  unnest.onChunk(chunk, { chunk: (one) => chunks.push(one), mark: () => {} });
  return chunks;
}

describe('unfolding', () => {
  it('repeats a row for each element, in order, and keeps NULL elements', () => {
    const rows = [
      ['a', [1, 2]],
      ['b', []],
      ['c', null],
      ['d', [null]],
    ];
    const unnest = operator();
    const chunks = through(unnest, chunkOf(rows));
    expect(chunks.flatMap((chunk) => rowsOf(chunk, schema))).toEqual([
      ['a', [1, 2], 1],
      ['a', [1, 2], 2],
      ['d', [null], null],
    ]);
    expect(unnest.losses.filtered).toBe(2);
  });

  it('hands on the watermark of the chunk, and marks as they come', () => {
    expect(through(operator(), chunkOf([['a', [1]]], { lateBeforeMs: 77 })).map(({ lateBeforeMs }) => lateBeforeMs)).toEqual([77]);
    const marks: Mark[] = [];
    operator().onMark({ kind: 'watermark', timeMs: 5 }, { chunk: () => {}, mark: (mark) => marks.push(mark) });
    expect(marks).toEqual([{ kind: 'watermark', timeMs: 5 }]);
  });

  it('hands on nothing where every array is empty', () => {
    expect(through(operator(), chunkOf([['a', []]]))).toEqual([]);
  });

  it('hands on parts of bounded size, whatever a chunk unfolds into', () => {
    const many = constant(
      items,
      Array.from({ length: 50_000 }, (_, index) => index),
    );
    const chunks = through(operator(many), chunkOf(Array.from({ length: 4 }, (_, index) => [`${index}`, null])));
    expect(chunks.map(({ rowCount }) => rowCount)).toEqual([65_536, 65_536, 65_536, 3392]);
    const last = rowsOf(chunks[3]!, schema);
    expect([last[0]![2], last[3391]]).toEqual([46_608, ['3', null, 49_999]]);
  });

  it('is what a loop over rows and elements gives', () => {
    const row = fc.tuple(
      fc.string({ maxLength: 3, unit: 'grapheme-ascii' }),
      fc.option(fc.array(fc.option(fc.integer({ min: -9, max: 9 })), { maxLength: 4 })),
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        const expected = rows.flatMap(([k, array]) => (array ?? []).map((element) => [k, array, element]));
        expect(through(operator(), chunkOf(rows)).flatMap((chunk) => rowsOf(chunk, schema))).toEqual(expected);
      }),
    );
  });

  it('twice gives all combinations, the first outermost', async () => {
    const twice: UnnestNode = {
      node: 'unnest',
      schema: [...schema, { name: 'again', type: nullable(int32) }],
      input: { ...node, input: values([['a', [1, 2]]]) },
      array: column(1, nullable(items)),
    };
    const run = new Run(planOf(twice, true), newKafka());
    await run.done;
    expect(run.sink.rows.map((row) => row.slice(2))).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ]);
  });
});
