import { type Column, columnOf, type DataType, type Value } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyGroups } from '../../src/exchange/key-groups.ts';

const string: DataType = { kind: 'string' };
const float64: DataType = { kind: 'float64' };
const int64: DataType = { kind: 'int64' };
const nullable = (inner: DataType): DataType => ({ kind: 'nullable', inner });
const array: DataType = { kind: 'array', element: string };
const partsOf = (columns: readonly [DataType, readonly Value[]][], parts: number) => {
  const keys: Column[] = columns.map(([type, values]) => columnOf(type, values));
  return [...keyGroups(keys, columns[0]![1].length, parts)];
};

describe('the parts of groups', () => {
  it('are one where there are no keys', () => {
    expect([...keyGroups([], 3, 8)]).toEqual([0, 0, 0]);
  });

  it('hold all rows of a group, wherever in a chunk they stand', () => {
    const keys = fc.array(fc.tuple(fc.string(), fc.option(fc.double()), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 64 }), (rows, parts) => {
        const columns = (of: typeof rows) =>
          [
            [string, of.map(([text]) => Buffer.from(text).toString('latin1'))],
            [nullable(float64), of.map(([, number]) => number)],
            [int64, of.map(([, , whole]) => whole)],
          ] as [DataType, Value[]][];
        const found = partsOf(columns(rows), parts);
        for (const part of found) expect(part >= 0 && part < parts).toBe(true);
        for (const [i, row] of rows.entries()) expect(partsOf(columns([row]), parts)).toEqual([found[i]]);
      }),
    );
  });

  it('are the same for what counts as one key', () => {
    const [zero, negative, nan, other] = partsOf([[float64, [0, -0, Number.NaN, -Number.NaN]]], 64);
    expect(negative).toBe(zero);
    expect(other).toBe(nan);
    const [one, same] = partsOf(
      [
        [
          array,
          [
            ['a', 'b'],
            ['a', 'b'],
          ],
        ],
      ],
      64,
    );
    expect(same).toBe(one);
  });

  it('are those of ever, as states lie where they say, and of about the same size', () => {
    const keys = Array.from({ length: 6400 }, (_, i) => `key ${i}`);
    const parts = partsOf([[string, keys]], 64);
    expect(parts.slice(0, 6)).toEqual([46, 51, 21, 26, 2, 21]);
    expect(partsOf([[int64, [0n, 1n, -1n, 2n ** 40n]]], 64)).toEqual([31, 31, 1, 47]);
    expect(partsOf([[float64, [0, 1, 0.5, -1e300]]], 64)).toEqual([31, 20, 60, 0]);
    const sizes = Map.groupBy(parts, (part) => part);
    expect(sizes.size).toBe(64);
    for (const { length } of sizes.values()) expect(length).toBeLessThan(160);
    const numbers = partsOf([[int64, Array.from({ length: 6400 }, (_, i) => BigInt(i))]], 64);
    for (const { length } of Map.groupBy(numbers, (part) => part).values()) expect(length).toBeLessThan(160);
  });
});
