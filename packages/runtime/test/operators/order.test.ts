import type { DataType, Value } from '@millrace/data';
import type { DistinctNode, LimitByNode, PlanNode, SortNode, UnionNode, ValuesNode } from '@millrace/planner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column, constant, float64, int32, newKafka, nullable, planOf, Run, string } from '../harness.ts';

const schema = [
  { name: 'k', type: nullable(string) },
  { name: 'n', type: nullable(float64) },
];
const values = (rows: readonly (readonly Value[])[]): ValuesNode => ({ node: 'values', schema, rows });
const sort = (input: PlanNode, over: Partial<SortNode> & { descending?: boolean; nullsFirst?: boolean } = {}): SortNode => {
  const { descending = false, nullsFirst = false, ...rest } = over;
  return {
    node: 'sort',
    schema,
    input,
    keys: [{ expression: column(1, nullable(float64)), descending, nullsFirst }],
    limit: null,
    scope: 'whole',
    ...rest,
  };
};

async function rowsOf(root: PlanNode) {
  const run = new Run(planOf(root, true), newKafka());
  await run.done;
  expect(run.error).toBeUndefined();
  return run.sink.rows;
}

const some = [
  ['a', 2],
  ['b', null],
  ['c', Number.NaN],
  ['d', -1],
  [null, 2],
];

describe('ORDER BY', () => {
  it('puts NULL last both ways, nan before it, and equal rows as they came', async () => {
    expect((await rowsOf(sort(values(some)))).map((row) => row[0])).toEqual(['d', 'a', null, 'c', 'b']);
    expect((await rowsOf(sort(values(some), { descending: true }))).map((row) => row[0])).toEqual(['a', null, 'd', 'c', 'b']);
  });

  it('puts NULL first when told', async () => {
    expect((await rowsOf(sort(values(some), { nullsFirst: true }))).map((row) => row[0])).toEqual(['b', 'c', 'd', 'a', null]);
  });

  it('with a limit gives the first rows of the whole order', async () => {
    const rows = fc.array(fc.tuple(fc.constant('x'), fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 50 }))), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 0, max: 10 }), async (given, limit) => {
        const parts: UnionNode = { node: 'union', schema, inputs: given.length === 0 ? [values([])] : given.map((row) => values([row])) };
        expect(await rowsOf(sort(parts, { limit }))).toEqual((await rowsOf(sort(parts))).slice(0, limit));
      }),
      { numRuns: 30 },
    );
  });
});

describe('DISTINCT, LIMIT BY and UNION ALL', () => {
  it('give each distinct row once, NULL being equal to NULL', async () => {
    const node: DistinctNode = {
      node: 'distinct',
      schema,
      input: values([
        ['a', 1],
        ['a', null],
        ['a', 1],
        [null, null],
        [null, null],
      ]),
      scope: 'whole',
    };
    expect(await rowsOf(node)).toEqual([
      ['a', 1],
      ['a', null],
      [null, null],
    ]);
  });

  it('give the first rows of each key', async () => {
    const node: LimitByNode = {
      node: 'limit_by',
      schema,
      input: values([
        ['a', 1],
        ['b', 2],
        ['a', 3],
        ['a', 4],
        ['b', 5],
      ]),
      limit: 2,
      keys: [column(0, nullable(string))],
      scope: 'whole',
    };
    expect((await rowsOf(node)).map((row) => row[1])).toEqual([1, 2, 3, 5]);
  });

  it('give the rows input by input', async () => {
    const node: UnionNode = {
      node: 'union',
      schema,
      inputs: [
        values([['a', 1]]),
        values([
          ['b', 2],
          ['c', 3],
        ]),
      ],
    };
    expect((await rowsOf(node)).map((row) => row[0])).toEqual(['a', 'b', 'c']);
  });

  it('a LIMIT over one input leaves the others alone', async () => {
    const first: PlanNode = {
      node: 'limit',
      schema,
      input: values([
        ['a', 1],
        ['b', 2],
      ]),
      limit: 1,
      offset: 0,
      scope: 'whole',
    };
    const node: UnionNode = { node: 'union', schema, inputs: [first, values([['c', 3]])] };
    expect((await rowsOf(node)).map((row) => row[0])).toEqual(['a', 'c']);
  });

  it('SELECT without FROM is one row without columns, projected', async () => {
    const type: DataType = int32;
    const root: PlanNode = {
      node: 'project',
      schema: [{ name: 'one', type }],
      input: { node: 'values', schema: [], rows: [[]] },
      expressions: [constant(type, 1)],
    };
    expect(await rowsOf(root)).toEqual([[1]]);
  });
});
