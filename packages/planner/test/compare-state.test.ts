import { parseQuery } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { compareState, planView, viewColumns } from '../src/index.ts';
import { contextOf, stream } from './devices.ts';

function planOf(sql: string) {
  const context = contextOf(sql);
  const query = parseQuery(sql);
  return planView({ ...stream('v', []), columns: viewColumns(query, context) }, query, context);
}

/** What becomes of what the first keeps, and of what only the second does, in a word each. */
const fates = (before: string, after: string) => compareState(planOf(before), planOf(after)).map(({ fate }) => fate);

const windows = (select: string, rest = '') =>
  `SELECT ${select} FROM tumble(devices, 5s) ${rest} GROUP BY device, window_start EMIT AFTER WATERMARK`;

describe('the state of a view whose plan changes', () => {
  it('is its position alone where rows are computed one by one', () => {
    expect(fates('SELECT device FROM devices', 'SELECT lower(device) AS device FROM devices WHERE cpu_usage > 1')).toEqual(['kept']);
  });

  it('is kept under other expressions behind the last operator that has state', () => {
    expect(fates(windows('device, count() AS n'), windows('device, n * 2 AS n, count() AS n0').replace('n * 2', 'count() * 2'))).toEqual([
      'kept',
      'kept',
    ]);
  });

  it.each([
    ['another window', windows('device, count() AS n').replace('5s', '10s')],
    ['another kind of window', windows('device, count() AS n').replace('tumble(devices, 5s)', 'hop(devices, 1s, 5s)')],
    ['another key', windows('count() AS n').replace('device, window_start', 'window_start')],
    ['another aggregate', windows('device, count() AS n, sum(cpu_usage) AS s')],
    ['an argument', windows('device, count_if(cpu_usage > 1) AS n')],
    ['other rows', windows('device, count() AS n', 'WHERE cpu_usage > 1')],
    ['another delay of the watermark', `${windows('device, count() AS n')} WITH DELAY 1s`],
    ['no windows', 'SELECT device, count() AS n FROM devices GROUP BY device'],
  ])('is lost with %s', (_, after) => {
    expect(fates(windows('device, count() AS n'), after)).toEqual(['kept', 'lost', 'new']);
  });

  it('is not touched by where the reading began', () => {
    const from = (start: string) => `SELECT device, count() AS n FROM devices GROUP BY device SETTINGS seek_to = '${start}'`;
    expect(fates(from('earliest'), from('latest'))).toEqual(['kept', 'kept']);
  });

  it('begins empty where there was none, and is lost with its operator', () => {
    const [all, some] = ['SELECT device FROM devices', 'SELECT DISTINCT device FROM devices'];
    expect(fates(all, some)).toEqual(['kept', 'new']);
    expect(fates(some, all)).toEqual(['kept', 'lost']);
    expect(fates(some, 'SELECT level AS device FROM logs').slice(0, 2)).toEqual(['lost', 'new']);
  });
});
