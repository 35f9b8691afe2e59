import { describe, expect, it } from 'vitest';
import { type PlanContext, type PlanNode, querySettings, resolveQuerySettings, streamSettings } from '../src/index.ts';
import { plan } from './devices.ts';

function startOf(sql: string, more: Partial<PlanContext> = {}) {
  let node: PlanNode = plan(sql, more).root;
  while (node.node !== 'scan') node = (node as { input: PlanNode }).input;
  return node.start;
}

describe('settings of a request', () => {
  it('are texts or values', () => {
    expect(resolveQuerySettings({ idle_timeout: '250ms', seek_by_time: '0', max_future_skew: 1.5 })).toMatchObject({
      idleTimeoutMs: 250,
      seekByTime: false,
      maxFutureSkewMs: 1500,
    });
  });

  it.each([
    ['1s', 1000],
    ['2 minutes', 120_000],
    ['3', 3000],
    [0, 0],
    ['1h', 3_600_000],
    ['10ms', 10],
  ])('read %s as a length of time', (text, ms) => {
    expect(resolveQuerySettings({ idle_timeout: text }).idleTimeoutMs).toBe(ms);
  });

  it('take M for a month and never for a minute', () => {
    expect(() => resolveQuerySettings({ idle_timeout: '1M' })).toThrow('must be a length of time');
  });

  // Now is 2026-01-02 03:04:05.678 UTC.
  it.each([
    ['-2h', Date.UTC(2026, 0, 2, 1, 4, 5, 678)],
    ['-1d', Date.UTC(2026, 0, 1, 3, 4, 5, 678)],
    ['-1M', Date.UTC(2025, 11, 2, 3, 4, 5, 678)],
    ['-2 months', Date.UTC(2025, 10, 2, 3, 4, 5, 678)],
    ['-1q', Date.UTC(2025, 9, 2, 3, 4, 5, 678)],
    ['-1 year', Date.UTC(2025, 0, 2, 3, 4, 5, 678)],
    ['-5ms', Date.UTC(2026, 0, 2, 3, 4, 5, 673)],
  ])('seek back by %s', (seek_to, timeMs) => {
    expect(startOf('SELECT level FROM logs', { settings: { seek_to } })).toEqual({ at: 'time', timeMs });
  });

  it('that foreign clients always send are passed over', () => {
    expect(resolveQuerySettings({ wait_end_of_query: 1 })).toEqual(resolveQuerySettings({}));
  });

  it('that nobody knows are refused with the nearest name', () => {
    expect(() => resolveQuerySettings({ idle_timout: 1 })).toThrow(
      expect.objectContaining({ code: 'PLAN_SETTING_UNKNOWN', hint: 'did you mean idle_timeout?' }) as Error,
    );
  });

  it('give way to the SETTINGS of the query', () => {
    const settings = { seek_to: 'earliest' };
    expect(startOf('SELECT level FROM logs', { settings })).toEqual({ at: 'earliest' });
    expect(startOf("SELECT level FROM logs SETTINGS seek_to = '7'", { settings })).toEqual({ at: 'offsets', offsets: [7] });
  });

  it('of a SELECT hold for its subqueries and views', () => {
    expect(startOf("SELECT twice FROM (SELECT * FROM busy) SETTINGS seek_to = 'earliest'")).toEqual({ at: 'earliest' });
  });

  it('stand sorted in their tables', () => {
    for (const table of [querySettings, streamSettings]) {
      const names = table.map(({ name }) => name);
      expect(names).toEqual(names.toSorted());
    }
  });
});

describe('a position from a predicate', () => {
  it.each([
    ['_tp_time > earliest_timestamp()', { at: 'earliest' }],
    ["'2026-01-01 00:00:00' < _tp_time", { at: 'time', timeMs: Date.UTC(2026, 0, 1) }],
    ["_time >= '2026-01-01 00:00:00'", { at: 'time', timeMs: Date.UTC(2026, 0, 1) }],
    ["_tp_time > '2026-01-01 00:00:00' AND _tp_time > '2026-01-02 00:00:00'", { at: 'time', timeMs: Date.UTC(2026, 0, 2) }],
    ['_tp_sn >= 5 AND _tp_sn > 7', { at: 'offsets', offsets: [8] }],
    ['_tp_sn > -9', { at: 'offsets', offsets: [0] }],
    ["_tp_time < '2026-01-01 00:00:00'", { at: 'latest' }],
    ["_tp_time > '2026-01-01 00:00:00' OR size > 1", { at: 'latest' }],
    ['_tp_time > now() - rand()', { at: 'latest' }],
  ])('WHERE %s', (where, expected) => {
    expect(startOf(`SELECT size FROM logs WHERE ${where}`)).toEqual(expected);
  });

  it('goes through subqueries and renamings', () => {
    const sql = "SELECT s FROM (SELECT size AS s, _tp_time AS t FROM logs WHERE size > 0) WHERE t > '2026-01-01 00:00:00'";
    expect(startOf(sql)).toEqual({ at: 'time', timeMs: Date.UTC(2026, 0, 1) });
  });

  it('does not go through a LIMIT, which would then pass other rows', () => {
    const sql = "SELECT s FROM (SELECT size AS s, _tp_time AS t FROM logs LIMIT 3) WHERE t > '2026-01-01 00:00:00'";
    expect(startOf(sql)).toEqual({ at: 'latest' });
  });

  it('gives way to seek_to', () => {
    expect(startOf("SELECT size FROM logs WHERE _tp_sn > 7 SETTINGS seek_to = 'latest'")).toEqual({ at: 'latest' });
  });
});
