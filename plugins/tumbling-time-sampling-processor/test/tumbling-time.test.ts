import type { Row } from '@millrace/sdk';
import { deleteEvent, processorDriver, type RowsOptions } from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';
import sampling from '../src/index.ts';

const streams = [{ name: 's', columns: [{ name: 't', type: 'datetime' }], eventTimeColumn: 't' }];

function driver(attributes: Record<string, string> = {}) {
  return processorDriver(sampling, { attributes, streams });
}

/** @param rows event time in seconds, and the columns */
async function sampled(attributes: Record<string, string>, rows: readonly Row[], options: RowsOptions = {}) {
  return driver(attributes).run(rows, { stream: 's', times: rows.map(({ t }) => Number(t) * 1000), ...options });
}

describe('sampling by time', () => {
  it('passes one row in an interval of event time, counted from the last that passed', async () => {
    const out = await sampled(
      { 'tumbling-time.interval-seconds': '10' },
      [0, 9, 10, 15, 19, 20, 55].map((t) => ({ t, v: t })),
    );
    expect(out.map(({ t }) => t)).toEqual([0, 10, 20, 55]);
  });

  it('samples once a minute if nothing else is said', async () => {
    const out = await sampled(
      {},
      [0, 59, 60].map((t) => ({ t, v: t })),
    );
    expect(out.map(({ t }) => t)).toEqual([0, 60]);
  });

  it('passes older rows that are as far away', async () => {
    const out = await sampled(
      {},
      [100, 70, 40].map((t) => ({ t, v: t })),
    );
    expect(out.map(({ t }) => t)).toEqual([100, 40]);
  });

  it('passes the whole row when one of its columns is due', async () => {
    const rows = [
      { t: 0, a: 1, b: null },
      { t: 30, a: 2, b: 2 },
      { t: 40, a: 3, b: 3 },
    ];
    expect(await sampled({}, rows)).toEqual(rows.slice(0, 2));
  });

  it('keeps each key apart', async () => {
    const rows = [0, 1, 2].map((t) => ({ t, v: t }));
    expect(await sampled({}, rows, { keys: ['a', 'b', 'a'] })).toEqual(rows.slice(0, 2));
  });

  it('drops rows without any value', async () => {
    expect(await sampled({}, [{ t: 0, v: null }])).toEqual([]);
  });

  it('goes on after a restart as if there had been none', async () => {
    const processor = driver();
    expect(await processor.run([{ v: 1 }], { stream: 's', times: [0] })).toHaveLength(1);
    await processor.restart();
    expect(await processor.run([{ v: 2 }], { stream: 's', times: [59_999] })).toEqual([]);
    expect(await processor.run([{ v: 3 }], { stream: 's', times: [60_000] })).toHaveLength(1);
  });

  it('lets deletions pass', async () => {
    expect(await driver().send(deleteEvent('s', 'k'))).toHaveLength(1);
  });

  it('refuses an interval of nothing', () => {
    expect(() => driver({ 'tumbling-time.interval-seconds': '0' })).toThrow('is less than 1');
  });
});
