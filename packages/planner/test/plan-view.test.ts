import { MillraceError } from '@millrace/core';
import { formatDataType } from '@millrace/data';
import { parseQuery } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { explainPlan, planView, takeViewSettings, viewColumns } from '../src/index.ts';
import { checkPlan } from './check-plan.ts';
import { contextOf, devices, logs, orders, stream } from './devices.ts';

/** The plan of a view that writes into a stream of its own. */
function ownPlan(sql: string) {
  const context = contextOf(sql);
  const query = parseQuery(sql);
  const own = { ...stream('v', []), columns: viewColumns(query, context) };
  return planView(own, query, context);
}

function intoPlan(sql: string, target = logs) {
  return planView(target, parseQuery(sql), contextOf(sql));
}

function messageOf(compute: () => unknown): string {
  try {
    compute();
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return `${error.code} ${error.position?.line}:${error.position?.column} ${error.message}`;
  }
  return 'no error';
}

describe('a materialized view', () => {
  it('takes the event time of the source row along', () => {
    const plan = ownPlan('SELECT device, cpu_usage FROM devices WHERE cpu_usage > 90');
    expect(plan.schema.map(({ name }) => name)).toEqual(['device', 'cpu_usage', '_tp_time']);
    expect(explainPlan(plan)).toContain('_time');
    checkPlan(plan.root);
  });

  it('has the last millisecond of its window as event time', () => {
    const plan = ownPlan('SELECT device, count() AS n FROM tumble(devices, 5s) GROUP BY device, window_start');
    expect(plan.schema.map(({ name }) => name)).toEqual(['device', 'n', '_tp_time']);
    expect(explainPlan(plan)).toMatch(/window_end.*AS _tp_time/);
    checkPlan(plan.root);
  });

  it('says of its watermark only where no later row can be of an earlier time', () => {
    const windows = (select: string, emit = 'AFTER WATERMARK') =>
      ownPlan(`SELECT ${select} FROM tumble(devices, 5s) GROUP BY device, window_start EMIT ${emit}`).givesWatermarks;
    expect(windows('device, count() AS n')).toBe(true);
    expect(windows('device, count() AS n', 'PERIODIC 1s')).toBeUndefined();
    expect(windows('window_start AS _tp_time, count() AS n')).toBeUndefined();
    expect(ownPlan('SELECT device FROM devices').givesWatermarks).toBeUndefined();
    expect(ownPlan('SELECT device, count() AS n FROM devices GROUP BY device').givesWatermarks).toBeUndefined();
  });

  it('has no event time where it shows a snapshot', () => {
    const plan = ownPlan('SELECT device, count() AS n FROM devices GROUP BY device');
    expect(formatDataType(plan.schema.at(-1)!.type)).toBe("nullable(datetime64(3, 'UTC'))");
    expect(explainPlan(plan)).toContain('NULL AS _tp_time');
  });

  it('takes the event time that the query selects', () => {
    const plan = ownPlan("SELECT size, to_datetime64('2026-01-01 00:00:00', 3) AS _tp_time FROM logs");
    expect(plan.schema.map(({ name }) => name)).toEqual(['size', '_tp_time']);
  });

  it('gives what SELECT * gives', () => {
    expect(viewColumns(parseQuery('SELECT * FROM logs'), contextOf('')).map(({ name }) => name)).toEqual(
      logs.columns.map(({ name }) => name),
    );
    checkPlan(ownPlan('SELECT * FROM logs').root);
  });

  it('maps its columns by name into the stream that INTO names, and fills in defaults and the event time', () => {
    const plan = intoPlan('SELECT size::uint64 AS id FROM logs', orders);
    expect(plan.schema.map(({ name }) => name)).toEqual(['id', 'price', 'amount', 'total', 'at', '_tp_time']);
    const text = explainPlan(plan);
    expect(text).toMatch(/_tp_time.* AS at/);
    checkPlan(plan.root);
    expect(intoPlan('SELECT tags, size, level FROM logs').schema.map(({ name }) => name)).toEqual([
      'level',
      'size',
      'tags',
      'note',
      '_tp_time',
    ]);
  });

  it('lets a distinct row keep no event time', () => {
    expect(explainPlan(ownPlan('SELECT DISTINCT device FROM devices'))).toContain('NULL AS _tp_time');
  });

  it.each([
    ['SELECT count() FROM table(devices)', 'PLAN_QUERY_INCORRECT 1:1 a materialized view goes on for ever, but its query ends'],
    [
      'SELECT size, level, tags FROM logs LIMIT 5',
      'PLAN_QUERY_INCORRECT 1:42 a materialized view goes on for ever, but LIMIT would end it',
    ],
    [
      'SELECT size, level, tags FROM (SELECT * FROM logs LIMIT 5)',
      'PLAN_QUERY_INCORRECT 1:1 a materialized view goes on for ever, but LIMIT would end it',
    ],
    [
      'SELECT size, level, lvl FROM (SELECT size, level, note AS lvl, tags FROM logs)',
      'PLAN_IDENTIFIER_UNKNOWN 1:1 logs has no column lvl',
    ],
    ['SELECT size, level FROM logs', 'PLAN_QUERY_INCORRECT 1:1 the query does not give tags, a column of logs'],
    ['SELECT size, level, tags, level FROM logs', 'PLAN_QUERY_INCORRECT 1:1 two columns are called level'],
  ])('%s is refused', (sql, expected) => {
    expect(messageOf(() => intoPlan(sql))).toBe(expected);
  });

  it('may leave rows out at its beginning, and of each key all but the first', () => {
    checkPlan(intoPlan('SELECT size, level, tags FROM logs OFFSET 5').root);
    checkPlan(intoPlan('SELECT size, level, tags FROM logs LIMIT 2 BY level').root);
  });

  it('reads from a stream that declares an event time column of its own', () => {
    checkPlan(intoPlan('SELECT * FROM devices', devices).root);
  });
});

describe('the settings of a materialized view', () => {
  const take = (settings: string, into = false) => {
    const source = `SELECT size FROM logs SETTINGS ${settings}`;
    return takeViewSettings(parseQuery(source), { into }, { source });
  };

  it('are taken out of those of the query', () => {
    const { settings, query } = take("commit_interval = '1s', seek_to = 'earliest', recovery_policy = 'best_effort', shards = 3");
    expect(settings).toMatchObject({ commitIntervalMs: 1000, recoveryPolicy: 'best_effort', onLostData: 'stop', shards: 3 });
    expect(query.selects[0]!.settings.map(({ name }) => name.name)).toEqual(['seek_to']);
  });

  it.each([
    ["recovery_policy = 'best'", `PLAN_ARGUMENT_INVALID 1:50 the setting recovery_policy is "best", but must be 'strict' or 'best_effort'`],
    ['commit_interval = 0', 'PLAN_ARGUMENT_INVALID 1:50 the setting commit_interval is 0 ms, but must be from 1 ms to 1 minute'],
    ['shards = 1, shards = 2', 'PLAN_ARGUMENT_INVALID 1:44 the setting shards is given twice'],
  ])('%s is refused', (settings, expected) => {
    expect(messageOf(() => take(settings))).toBe(expected);
  });

  it('of its own topic are refused where it writes into another', () => {
    expect(messageOf(() => take('retention_ms = 1', true))).toContain('this one writes INTO another stream');
  });
});
