import type { MillraceError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { explainPlan } from '../src/index.ts';
import { catalogOf, devices, logs, plan, view } from './devices.ts';

const refusal = (parts: Partial<MillraceError>) => expect.objectContaining(parts) as MillraceError;

describe('a view', () => {
  it('whose stream is gone says so, and shows its own text', () => {
    expect(() => plan('SELECT a FROM orphan')).toThrow(
      refusal({ code: 'PLAN_STREAM_UNKNOWN', message: 'in the view orphan: unknown stream gone', source: 'SELECT a FROM gone' }),
    );
  });

  it('that reads itself through another is refused with the circle', () => {
    expect(() => plan('SELECT a FROM left_side')).toThrow('left_side → right_side → left_side');
  });

  it('keeps the columns it was made with when its stream gets more', () => {
    const catalog = catalogOf([logs], [view('all_logs', 'SELECT * FROM logs', [['size', 'int64']])]);
    expect(plan('SELECT * FROM all_logs', { catalog }).schema).toEqual([{ name: 'size', type: { kind: 'int64' } }]);
  });

  it('that lost a column says which', () => {
    const catalog = catalogOf([logs], [view('old', 'SELECT * FROM logs', [['gone', 'int64']])]);
    expect(() => plan('SELECT * FROM old', { catalog })).toThrow('the view old no longer gives the column gone');
  });

  it('under table() is read to the end in all its sources', () => {
    expect(plan('SELECT count() FROM table(busy)')).toMatchObject({ bounded: true, streams: ['devices'] });
    expect(plan('SELECT device FROM busy')).toMatchObject({ bounded: false });
  });

  it('does not see the common tables around it', () => {
    const sql = 'WITH devices AS (SELECT 1 AS x) SELECT device FROM busy';
    expect(plan(sql).streams).toEqual(['devices']);
  });
});

describe('the size of a query', () => {
  it('is bounded where aliases double it at each step', () => {
    const items = Array.from({ length: 30 }, (_, index) => `a${index} + a${index} AS a${index + 1}`);
    expect(() => plan(`SELECT size AS a0, ${items.join(', ')} FROM logs`)).toThrow('stand for more than 20000 parts');
  });

  it('is bounded where common tables double it at each step', () => {
    const tables = Array.from({ length: 30 }, (_, index) => `a${index + 1} AS (SELECT * FROM a${index} UNION ALL SELECT * FROM a${index})`);
    expect(() => plan(`WITH a0 AS (SELECT 1 AS x), ${tables.join(', ')} SELECT * FROM a30`)).toThrow('stands for more than 2000 SELECTs');
  });

  it('may be deep', () => {
    const sql = `SELECT ${'abs('.repeat(900)}sum(size)${')'.repeat(900)} FROM logs`;
    expect(explainPlan(plan(sql))).toContain('sum(size)');
  });
});

describe('the server time zone', () => {
  it('aligns windows where neither the call nor the column names one', () => {
    const sql = 'SELECT count() FROM tumble(devices, 1d) GROUP BY window_start';
    expect(explainPlan(plan(sql, { timezone: 'Asia/Tokyo', catalog: catalogOf([devices]) }))).toContain('tumble(_time, 1 day, Asia/Tokyo)');
  });

  it('reads literals that are compared with times', () => {
    const sql = "SELECT size FROM logs SETTINGS seek_to = '2026-01-01 09:00:00'";
    const { root } = plan(sql, { timezone: 'Asia/Tokyo' });
    expect(root).toMatchObject({ node: 'scan', start: { at: 'time', timeMs: Date.UTC(2026, 0, 1) } });
  });
});
