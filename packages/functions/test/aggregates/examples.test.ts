import type { Value } from '@millrace/data';
import { describe, expect, it } from 'vitest';
import { aggregateFunctions, withIf } from '../../src/aggregates/index.ts';
import { runExample } from './harness.ts';

const examples = aggregateFunctions.flatMap((aggregate) =>
  aggregate.examples.map(([sql, result]) => [sql, result, aggregate.name] as const),
);

/** As JSONEachRow prints it with 64-bit integers as numbers. */
function plain(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value);
  return Array.isArray(value) ? value.map(plain) : value;
}

describe('the examples of the aggregates', () => {
  it.each(examples)('%s is %j', (sql, expected) => {
    const actual = plain(runExample(sql));
    if (typeof expected === 'number') expect(actual).toBeCloseTo(expected, 12);
    else expect(actual).toEqual(expected);
  });

  it('are at least three for each, one of them about NULL or about no rows', () => {
    for (const { name, examples: own } of aggregateFunctions) {
      expect(own.length, name).toBeGreaterThanOrEqual(3);
      expect(
        own.some(([sql]) => /\b[xn]\b|false/.test(sql)),
        name,
      ).toBe(true);
    }
  });

  it('name each aggregate once', () => {
    const names = aggregateFunctions.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('show the condition in the signature of the _if form', () => {
    const signatures = aggregateFunctions.map((aggregate) => withIf(aggregate).signature);
    expect(signatures).toContain('(x number, condition bool) -> float64');
    for (const signature of signatures) expect(signature).toMatch(/condition bool\) -> /);
  });
});
