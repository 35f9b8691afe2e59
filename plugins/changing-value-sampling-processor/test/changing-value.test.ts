import type { Row } from '@millrace/sdk';
import { processorDriver, type RowsOptions } from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';
import sampling from '../src/index.ts';
import { counts, stored, type Tolerance } from '../src/series.ts';

const streams = [
  {
    name: 's',
    columns: [
      { name: 't', type: 'datetime64(3)' },
      { name: 'v', type: 'float64' },
    ],
    eventTimeColumn: 't',
  },
];

function driver(attributes: Record<string, string> = {}) {
  return processorDriver(sampling, { attributes, streams });
}

/** Passes rows `v` at seconds 0, 1, 2 … */
async function sampled(
  attributes: Record<string, string>,
  values: readonly Row[string][],
  options: RowsOptions = {},
): Promise<readonly unknown[]> {
  const rows = values.map((v, second) => ({ t: second * 1000, v }));
  const out = await driver(attributes).run(rows, { stream: 's', times: rows.map(({ t }) => t), ...options });
  return out.map((row) => row['v']);
}

describe('sampling by change', () => {
  it('drops what is the same as the last value that passed', async () => {
    expect(await sampled({}, [1, 1, 2, 2, 1])).toEqual([1, 2, 1]);
    expect(await sampled({}, ['a', 'a', 'b'])).toEqual(['a', 'b']);
    expect(await sampled({}, [true, true, false])).toEqual([true, false]);
    expect(await sampled({}, [2n ** 60n, 2n ** 60n, 2n ** 60n + 1n])).toEqual([2n ** 60n, 2n ** 60n + 1n]);
    expect(
      await sampled({}, [
        [1, 2n],
        [1, 2n],
        [1, 3n],
      ]),
    ).toEqual([
      [1, 2n],
      [1, 3n],
    ]);
  });

  it('drops numbers within the deviation, measured from the last that passed and not from the last there was', async () => {
    expect(await sampled({ 'changing-value.compression-deviation': '1' }, [0, 0.5, 1, 1.5, 2])).toEqual([0, 1.5]);
    expect(await sampled({ 'changing-value.compression-deviation': '1' }, [0n, 1n, 2n])).toEqual([0n, 2n]);
  });

  it('drops what comes too soon, whatever it is', async () => {
    expect(await sampled({ 'changing-value.min-time-interval': '1000' }, [0, 5, 9, 9])).toEqual([0, 9]);
  });

  it('passes what comes late enough, whatever it is', async () => {
    expect(await sampled({ 'changing-value.max-time-interval': '2000' }, [1, 1, 1, 1, 1])).toEqual([1, 1, 1]);
  });

  it('passes the first NaN and the first infinity, not the next', async () => {
    expect(await sampled({}, [1, NaN, NaN, Infinity, Infinity, 1])).toEqual([1, NaN, Infinity, 1]);
  });

  it('keeps each key apart', async () => {
    expect(await sampled({}, [1, 1, 1, 1], { keys: ['a', 'b', 'a', null] })).toEqual([1, 1, 1]);
  });

  it('makes NULLs of the columns that have not changed, but for the event time', async () => {
    const rows = [
      { t: 0, a: 1, b: 1, c: [1] },
      { t: 1, a: 1, b: 2, c: [1] },
      { t: 2, a: null, b: 2, c: [1] },
    ];
    const columns = Object.entries({ t: 'datetime64(3)', a: 'nullable(float64)', b: 'float64', c: 'array(float64)' }).map(
      ([name, type]) => ({ name, type }),
    );
    expect(await driver().run(rows, { stream: 's', columns })).toEqual([rows[0], { t: 1, a: null, b: 2, c: [1] }]);
  });

  it('goes on after a restart as if there had been none', async () => {
    const processor = driver();
    expect(await processor.run([{ v: 1 }, { v: 2 }], { stream: 's' })).toHaveLength(2);
    await processor.restart();
    expect(await processor.run([{ v: 2 }, { v: 3 }], { stream: 's' })).toEqual([{ v: 3 }]);
  });

  it('refuses a least distance above the greatest', () => {
    expect(() => driver({ 'changing-value.min-time-interval': '2', 'processor.changing-value.max-time-interval': '1' })).toThrow(
      "'changing-value.min-time-interval' is more than 'changing-value.max-time-interval'",
    );
  });
});

describe('a point', () => {
  const tolerance: Tolerance = { deviation: 0, minIntervalMs: 0, maxIntervalMs: 2 ** 63 };

  it('counts in either direction of time', () => {
    expect(counts([1000, 1], 500, 2, tolerance)).toBe(true);
    expect(counts([1000, 1], 1000, 2, tolerance)).toBe(false);
    expect(counts([1000, 1], -(2 ** 62), 1, { ...tolerance, maxIntervalMs: 2 ** 62 })).toBe(true);
  });

  it('is kept as JSON that its value is found in again', () => {
    for (const value of [1, -0.5, NaN, Infinity, 7n, true, 'x', [1, [2n]], new Map([['k', 1n]])]) {
      expect(counts([0, JSON.parse(JSON.stringify(stored(value)))], 1, value, tolerance)).toBe(false);
    }
  });
});
