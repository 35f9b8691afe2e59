import { type MillraceError, SeededRandom } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { aggregate, context, feed, input, over, resolve, results } from './harness.ts';
import { MemoryStates } from './memory-states.ts';

const codeOf = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    return (error as MillraceError).code;
  }
  return 'no error';
};

describe('sum', () => {
  it('stays exact beyond what a double can hold', () => {
    const many = 5000;
    expect(over('sum', [input('uint32', new Array(many).fill(4_294_967_295))])).toBe(4_294_967_295n * 5000n);
    expect(over('sum', [input('int64', new Array(500).fill(9_007_199_254_740_993n))])).toBe(9_007_199_254_740_993n * 500n);
    expect(over('sum', [input('int64', [2n ** 62n, 2n ** 62n, -1n])])).toBe(2n ** 63n - 1n);
  });

  it('carries what grows beyond 2^52 row by row', () => {
    const resolved = resolve('sum', [input('int32', [])]);
    const accumulator = resolved.create(context);
    accumulator.resize(1);
    const states = new MemoryStates();
    states.out.float64(2 ** 52 - 3);
    states.out.uint8(0);
    states.out.uint8(1);
    states.block = Buffer.from(states.out.written());
    states.load(accumulator, 1);
    feed(accumulator, resolved, [input('int32', [2_147_483_647, 2_147_483_647])], [0, 0], 0, 2);
    expect(results(accumulator, resolved, 1)).toEqual([2n ** 52n - 3n + 2n * 2_147_483_647n]);
  });
});

describe('min and max', () => {
  it('count nan only where there is nothing else', () => {
    expect(over('min', [input('float64', [Number.NaN, 2, Number.NaN, 1])])).toBe(1);
    expect(over('max', [input('float64', [2, Number.NaN])])).toBe(2);
    expect(over('max', [input('float64', [Number.NaN])])).toBeNaN();
  });
});

describe('quantile', () => {
  const shuffled = (count: number, seed: number) => {
    const random = new SeededRandom(seed);
    const values = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
    return values;
  };
  const levels = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 1];

  it('is exact with interpolation up to 10,000 rows', () => {
    const values = shuffled(10_000, 1);
    for (const level of levels) expect(over('quantile', [input('float64', values)], [level])).toBeCloseTo(level * 9999, 9);
  });

  it.each([
    { order: 'shuffled', values: shuffled(120_000, 2) },
    { order: 'ascending', values: Array.from({ length: 120_000 }, (_, i) => i) },
    { order: 'descending', values: Array.from({ length: 120_000 }, (_, i) => 119_999 - i) },
    { order: 'periodic', values: Array.from({ length: 120_000 }, (_, i) => (i % 2) * 60_000 + Math.floor(i / 2)) },
  ])('has a rank error below a hundredth of $order rows beyond that', ({ values }) => {
    for (const level of levels) {
      const actual = over('quantile', [input('float64', values)], [level]) as number;
      expect(Math.abs(actual / 119_999 - level)).toBeLessThan(0.01);
    }
  });

  it('keeps its error when sketches are merged and saved, and its size bounded', () => {
    const values = shuffled(200_000, 3);
    const rows = input('float64', values);
    const resolved = resolve('quantile', [rows], [0.9]);
    const parts = Array.from({ length: 10 }, (_, part) => {
      const accumulator = resolved.create(context);
      accumulator.resize(1);
      feed(accumulator, resolved, [rows], new Array(values.length).fill(0), part * 20_000, (part + 1) * 20_000);
      return accumulator;
    });
    const whole = resolved.create(context);
    whole.resize(1);
    for (const part of parts) whole.merge(0, part, 0);
    expect(Math.abs((results(whole, resolved, 1)[0] as number) / 200_000 - 0.9)).toBeLessThan(0.01);
    expect(whole.sizeBytes).toBeLessThan(40_000);
    const copy = resolved.create(context);
    copy.resize(1);
    const states = new MemoryStates();
    states.save(whole, 1);
    states.load(copy, 1);
    expect(results(copy, resolved, 1)).toEqual(results(whole, resolved, 1));
  });

  it('gives the same answer for the same rows', () => {
    const rows = input('float64', shuffled(50_000, 4));
    expect(over('p95', [rows])).toBe(over('p95', [rows]));
  });

  it('takes its level in either place, from 0 to 1', () => {
    const level = { ...input('float64', [0.5]), constant: 0.25 };
    expect(() => resolve('quantile', [input('int32', []), level])).not.toThrow();
    expect(codeOf(() => resolve('quantile', [input('int32', [])], [1.5]))).toBe('PLAN_ARGUMENT_INVALID');
    expect(codeOf(() => resolve('quantile', [input('int32', [])], [null]))).toBe('PLAN_ARGUMENT_INVALID');
    expect(codeOf(() => resolve('quantile', [input('int32', []), input('float64', [])]))).toBe('PLAN_ARGUMENT_INVALID');
    expect(codeOf(() => resolve('quantile', [input('int32', []), level], [0.5]))).toBe('PLAN_ARGUMENT_INVALID');
  });
});

describe('count_distinct', () => {
  it('gives memory back when its groups are forgotten', () => {
    const resolved = resolve('count_distinct', [input('string', [])]);
    const accumulator = resolved.create(context);
    accumulator.resize(4);
    const sizes: number[] = [];
    for (let round = 0; round < 12; round++) {
      const values = Array.from({ length: 2000 }, (_, i) => `value ${round} ${i}`);
      feed(
        accumulator,
        resolved,
        [input('string', values)],
        values.map((_, i) => i % 4),
        0,
        2000,
      );
      expect(results(accumulator, resolved, 4)).toEqual([500n, 500n, 500n, 500n]);
      for (let group = 0; group < 4; group++) accumulator.reset(group);
      sizes.push(accumulator.sizeBytes);
    }
    expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[2]! * 1.1);
  });
});

describe('resolve', () => {
  it.each([
    ['sum', ['string'], 'PLAN_ARGUMENT_TYPE'],
    ['sum', [], 'PLAN_ARGUMENT_COUNT'],
    ['sum', ['int8', 'int8'], 'PLAN_ARGUMENT_COUNT'],
    ['avg', ['date'], 'PLAN_ARGUMENT_TYPE'],
    ['count', ['int8', 'int8'], 'PLAN_ARGUMENT_COUNT'],
    ['arg_max', ['int8'], 'PLAN_ARGUMENT_COUNT'],
    ['median', ['array(int8)'], 'PLAN_ARGUMENT_TYPE'],
    ['count_distinct', [], 'PLAN_ARGUMENT_COUNT'],
    ['sum_if', ['int8', 'string'], 'PLAN_ARGUMENT_TYPE'],
    ['sum_if', [], 'PLAN_ARGUMENT_COUNT'],
    ['sum_if', ['bool'], 'PLAN_ARGUMENT_COUNT'],
  ])('of %s refuses %j', (name, types, code) => {
    expect(
      codeOf(() =>
        resolve(
          name,
          types.map((type) => input(type, [])),
        ),
      ),
    ).toBe(code);
  });

  it('refuses parameters where there are none to take', () => {
    expect(codeOf(() => resolve('sum', [input('int8', [])], [1]))).toBe('PLAN_ARGUMENT_INVALID');
    expect(codeOf(() => resolve('group_array', [input('int8', [])], [0]))).toBe('PLAN_ARGUMENT_INVALID');
  });

  it('gives nullable results for nullable arguments', () => {
    const nullable = { kind: 'nullable', inner: { kind: 'float64' } };
    expect(resolve('avg', [input('nullable(int8)', [])]).returns).toEqual(nullable);
    expect(resolve('avg', [input('int8', [])]).returns).toEqual({ kind: 'float64' });
    expect(resolve('count', [input('nullable(int8)', [])]).returns).toEqual({ kind: 'uint64' });
    expect(resolve('arg_min', [input('string', []), input('nullable(int8)', [])]).returns).toEqual({
      kind: 'nullable',
      inner: { kind: 'string' },
    });
    expect(aggregate('unique_exact').name).toBe('count_distinct');
  });
});
