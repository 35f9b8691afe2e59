import { MillraceError } from '@millrace/core';
import { type DataType, parseDataType } from '@millrace/data';
import { type Insert, parseExpression, parseQuery, parseStatement } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, describeColumns, evaluateConstant, explainPlan, planInsert } from '../src/index.ts';
import { checkPlan } from './check-plan.ts';
import { contextOf, devices, logs, orders } from './devices.ts';

function messageOf(compute: () => unknown): string {
  try {
    compute();
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return `${error.code} ${error.position!.line}:${error.position!.column} ${error.message}`;
  }
  return 'no error';
}

describe('INSERT … SELECT', () => {
  const into = { devices, logs, orders };
  function plan(sql: string) {
    const statement = parseStatement(sql) as Insert;
    if (statement.rows.kind !== 'query') throw new Error('no query');
    return planInsert(into[statement.into.name as keyof typeof into], statement.columns, statement.rows.query, contextOf(sql));
  }

  it('converts what is given and fills in the rest', () => {
    const { root, schema } = plan('INSERT INTO orders (id, amount, at) SELECT size, 2, now() FROM logs');
    expect(explainPlan({ root, schema, bounded: false, notices: [], streams: [], timezone: 'UTC' })).toBe(
      [
        "Project accurate_cast(size, 'uint64', 'column id') AS id, 0 AS price, 2 AS amount, 0 AS total, CAST(now() AS datetime('Europe/Berlin')) AS at, CAST(CAST(now() AS datetime('Europe/Berlin')) AS datetime64(3, 'UTC')) AS _tp_time",
        '  Project size, now()',
        '    Scan logs live from latest, columns (size int64)',
      ].join('\n'),
    );
    checkPlan(root);
  });

  it('gives the event time behind the declared columns, NULL where there is none', () => {
    const { schema } = plan("INSERT INTO logs (level) SELECT 'x'");
    expect(schema.map(({ name }) => name)).toEqual(['level', 'size', 'tags', 'note', '_tp_time']);
    expect(schema.at(-1)!.type.kind).toBe('nullable');
  });

  it('takes an event time for a stream that declares none', () => {
    checkPlan(plan("INSERT INTO logs (level, _tp_time) SELECT 'x', now64(3)").root);
  });

  it.each([
    ['INSERT INTO logs (levl) SELECT 1', 'PLAN_IDENTIFIER_UNKNOWN 1:19 logs has no column levl'],
    ['INSERT INTO logs (level, level) SELECT 1, 2', 'PLAN_QUERY_INCORRECT 1:26 the column level is named twice'],
    ['INSERT INTO logs (level) SELECT 1, 2', 'PLAN_QUERY_INCORRECT 1:26 the query gives 2 columns, but 1 are to be inserted'],
    ['INSERT INTO orders (id) SELECT 1', 'PLAN_QUERY_INCORRECT 1:25 the event time at of orders is not given and has no DEFAULT'],
    ['INSERT INTO logs (size) SELECT tags FROM logs', 'PLAN_TYPE_MISMATCH 1:25 array(string) does not convert to int64'],
  ])('%s is refused', (sql, expected) => {
    expect(messageOf(() => plan(sql))).toBe(expected);
  });
});

describe('a constant', () => {
  const value = (sql: string, type: string | DataType) =>
    evaluateConstant(parseExpression(sql), typeof type === 'string' ? parseDataType(type) : type, contextOf(sql));

  it.each([
    ['1 + 1', 'int64', 2n],
    ["'5'", 'float32', 5],
    ["concat('a', 'b')", 'string', 'ab'],
    ['NULL', 'nullable(int32)', null],
    ["'2026-01-01 00:00:00'", 'datetime', 1767225600],
    ["now('UTC')", 'datetime', 1767323045],
    ['array_map(x -> x * 2, [1, 2])', 'array(int32)', [2, 4]],
    ["map('a', 1)", 'map(string, int32)', new Map([['a', 1]])],
  ])('%s as %s', (sql, type, expected) => {
    expect(value(sql, type)).toEqual(expected);
  });

  it.each([
    ["'x'", 'int32', "PLAN_TYPE_MISMATCH 1:1 cannot convert 'x' to int32"],
    ['NULL', 'int32', 'PLAN_TYPE_MISMATCH 1:1 cannot convert NULL to int32'],
    ['a + 1', 'int32', 'PLAN_IDENTIFIER_UNKNOWN 1:1 unknown column a'],
    ['[1]', 'int32', 'PLAN_TYPE_MISMATCH 1:1 array(uint8) does not convert to int32'],
  ])('%s as %s is refused', (sql, type, expected) => {
    expect(messageOf(() => value(sql, type))).toBe(expected);
  });
});

describe('what a view keeps', () => {
  const describeSql = (sql: string) => describeColumns(parseQuery(sql), contextOf(sql));

  it('is the names and types of its columns', () => {
    expect(describeSql('SELECT device, count() AS n FROM devices GROUP BY device')).toEqual([
      { name: 'device', type: { kind: 'string' }, default: null, comment: null },
      { name: 'n', type: { kind: 'uint64' }, default: null, comment: null },
    ]);
  });

  it('has no two columns of one name', () => {
    expect(messageOf(() => describeSql('SELECT device, location AS device FROM devices'))).toBe(
      'PLAN_QUERY_INCORRECT 1:1 two columns are called device',
    );
  });

  it('depends on what its query names, not on its own common tables', () => {
    const sql =
      'WITH a AS (SELECT * FROM logs) SELECT count() FROM tumble(table(busy), 5s) GROUP BY wend UNION ALL SELECT 1 FROM (SELECT * FROM a)';
    expect(dependenciesOf(parseQuery(sql))).toEqual(['logs', 'busy']);
  });
});
