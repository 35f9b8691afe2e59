import { parseQuery } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { explainPlan, planView, splitView, takeViewSettings, viewColumns } from '../src/index.ts';
import { checkPlan } from './check-plan.ts';
import { contextOf, stream } from './devices.ts';

function planOf(sql: string) {
  const context = contextOf(sql);
  const query = parseQuery(sql);
  return planView({ ...stream('v', []), columns: viewColumns(query, context) }, query, context);
}
const split = (sql: string) => splitView(planOf(sql), 'between');
const grouped = (sql: string) => {
  const stages = split(sql);
  if (stages.kind !== 'groups') throw new Error('it has no groups');
  return stages;
};

describe('the plan of a view for several tasks', () => {
  it('stays whole where rows are computed one by one', () => {
    expect(split('SELECT device, cpu_usage * 2 AS twice FROM devices WHERE cpu_usage > 90')).toEqual({ kind: 'rows' });
  });

  it('sends what keys and aggregates need, computed, each thing once, and no constants', () => {
    const { rows, keys, groups } = grouped(
      "SELECT upper(device) AS d, count() AS n, sum(cpu_usage) AS s, max(cpu_usage) AS m, count_if(cpu_usage > 90) AS hot FROM tumble(devices, 5s) WHERE device != 'x' GROUP BY upper(device), window_start",
    );
    checkPlan(rows.root);
    checkPlan(groups.root);
    const sent = rows.schema.map(({ name }) => name);
    expect(sent).toHaveLength(4);
    expect(sent.slice(1)).toEqual(['upper(device)', 'cpu_usage', 'cpu_usage > 90']);
    expect(keys).toMatchObject([{ kind: 'column', index: 1 }]);
    expect(explainPlan(rows)).toMatch(/^Project .*\n\s+Project .*\n\s+Filter .*\n\s+Scan devices/);
    expect(explainPlan(rows)).toContain('watermark');
    expect(explainPlan(groups)).toMatch(/Aggregate tumble.* by upper\(device\).*\n\s+Scan rows of devices topic between/);
    expect(groups.givesWatermarks).toBe(true);
    expect(rows.givesWatermarks).toBeUndefined();
  });

  it('says that event time is told only where windows ask for it', () => {
    const scanOf = (sql: string) => JSON.stringify(grouped(sql).groups.root);
    expect(scanOf('SELECT window_start, count() AS n FROM tumble(devices, 5s) GROUP BY window_start')).toContain('{"hasWatermarks":true}');
    expect(scanOf('SELECT count() AS n FROM devices')).toContain('{"hasWatermarks":false}');
  });

  it('is refused where all rows or groups are looked at together', () => {
    const windows = 'SELECT window_start, device, count() AS n FROM tumble(devices, 5s) GROUP BY window_start, device';
    expect(() => split(`${windows} ORDER BY n`)).toThrow(/ORDER BY/);
    expect(() => split(`${windows} LIMIT 1 BY window_start`)).toThrow(/LIMIT BY/);
    expect(() => split(`${windows} EMIT AFTER WATERMARK AND TIMEOUT 1s`)).toThrow(/TIMEOUT/);
    expect(() => split('SELECT DISTINCT device FROM devices')).toThrow(/DISTINCT/);
    expect(() => split('SELECT device FROM devices OFFSET 3')).toThrow(/OFFSET/);
    const [inner] = windows.split(' ORDER');
    expect(() =>
      split(
        `SELECT window_start, sum(n) FROM tumble((${inner!.replace('window_start, device,', 'window_start, window_end, device,')}), window_end, 1m) GROUP BY window_start`,
      ),
    ).toThrow(/an aggregation over another/);
  });
});

describe('the settings of a shared view', () => {
  const settingsOf = (settings: string) => {
    const sql = `SELECT device FROM devices SETTINGS ${settings}`;
    return takeViewSettings(parseQuery(sql), { into: false }, { source: sql }).settings;
  };

  it('say among how many tasks, and how many there may ever be', () => {
    expect(settingsOf('parallelism = 3')).toMatchObject({ parallelism: 3, maxParallelism: null });
    expect(settingsOf('parallelism = 3, max_parallelism = 12')).toMatchObject({ parallelism: 3, maxParallelism: 12 });
    expect(settingsOf("commit_interval = '1s'")).toMatchObject({ parallelism: 1, maxParallelism: null });
    expect(() => settingsOf('parallelism = 0')).toThrow(/parallelism/);
  });
});
