import { MillraceError } from '@millrace/core';
import { type CreateStream, parseStatement } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { bindColumns, resolveStreamSettings } from '../src/index.ts';
import { contextOf } from './devices.ts';

function create(sql: string) {
  const { columns, settings } = parseStatement(sql) as CreateStream;
  const context = contextOf(sql);
  const bound = bindColumns(columns, context);
  return { columns: bound, settings: resolveStreamSettings(settings, bound, context) };
}

function refusal(sql: string): string {
  try {
    create(sql);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return `${error.code} ${error.position!.line}:${error.position!.column} ${error.message}`;
  }
  return 'created';
}

describe('CREATE STREAM', () => {
  it('reads types, defaults and settings', () => {
    const { columns, settings } = create(
      "CREATE STREAM s (a String DEFAULT upper('x'), b float DEFAULT length(a), t DateTime64(3)) SETTINGS shards = 3, event_time_column = 't', sharding_expr = 'length(a)', retention_ms = 1000, data_format = 'csv'",
    );
    expect(columns).toEqual([
      { name: 'a', type: { kind: 'string' }, default: "upper('x')", comment: null },
      { name: 'b', type: { kind: 'float32' }, default: 'length(a)', comment: null },
      { name: 't', type: { kind: 'datetime64', precision: 3, zone: null }, default: null, comment: null },
    ]);
    expect(settings).toEqual({
      given: { shards: 3, event_time_column: 't', sharding_expr: 'length(a)', retention_ms: 1000, data_format: 'csv' },
      eventTimeColumn: 't',
      dataFormat: 'CSV',
      topic: null,
      shards: 3,
      replicationFactor: 1,
      shardingExpression: 'length(a)',
      retentionMs: 1000,
      retentionBytes: -1,
    });
  });

  it('takes a declared _time as event time', () => {
    expect(create('CREATE TABLE s (a int, _time DateTime64(3))').settings.eventTimeColumn).toBe('_time');
    expect(create('CREATE TABLE s (a int, _time string)').settings.eventTimeColumn).toBeNull();
  });

  it.each([
    ['CREATE STREAM s (a int, a string)', 'PLAN_QUERY_INCORRECT 1:25 the column a is declared twice'],
    ['CREATE STREAM s (a integr)', 'PLAN_TYPE_UNKNOWN 1:20 unknown type integr'],
    ['CREATE STREAM s (a int, _tp_sn int64)', 'PLAN_QUERY_INCORRECT 1:25 every stream has a column _tp_sn of its own'],
    ['CREATE STREAM s (_tp_time string)', 'PLAN_TYPE_MISMATCH 1:27 _tp_time is the event time: it cannot be of type string'],
    ['CREATE STREAM s (a int DEFAULT b)', 'PLAN_IDENTIFIER_UNKNOWN 1:32 unknown column b'],
    ["CREATE STREAM s (a int DEFAULT 'x')", "PLAN_TYPE_MISMATCH 1:32 cannot convert 'x' to int32"],
    ['CREATE STREAM s (a int DEFAULT NULL)', 'PLAN_TYPE_MISMATCH 1:32 the DEFAULT of a is NULL, but its type is not nullable'],
    ['CREATE STREAM s (a int DEFAULT count())', 'PLAN_AGGREGATION_ILLEGAL 1:32 the aggregate count stands in DEFAULT'],
    [
      'CREATE STREAM s (a int DEFAULT b, b int DEFAULT a)',
      'PLAN_QUERY_INCORRECT 1:32 the defaults of columns use each other in a circle: a → b → a',
    ],
    ['CREATE STREAM s (a int) SETTINGS shard = 3', 'PLAN_SETTING_UNKNOWN 1:34 unknown setting shard'],
    [
      'CREATE STREAM s (a int) SETTINGS shards = 0',
      'PLAN_ARGUMENT_INVALID 1:43 the setting shards is 0, but must be an integer from 1 to 10000',
    ],
    ["CREATE STREAM s (a int) SETTINGS mode = 'changelog_kv'", 'NOT_SUPPORTED 1:41 mode changelog_kv is not supported'],
    ["CREATE STREAM s (a int) SETTINGS mode = 'appnd'", 'PLAN_ARGUMENT_INVALID 1:41 the setting mode is "appnd", but must be append'],
    [
      "CREATE STREAM s (a int) SETTINGS event_time_column = 'b'",
      'PLAN_IDENTIFIER_UNKNOWN 1:54 event_time_column names b, which is not declared',
    ],
    [
      "CREATE STREAM s (a int) SETTINGS event_time_column = 'a'",
      'PLAN_TYPE_MISMATCH 1:54 event_time_column names a of type int32, but event time is a date-time',
    ],
    ["CREATE STREAM s (a int) SETTINGS data_format = 'JSONEachRows'", 'PLAN_FORMAT_UNKNOWN 1:48 unknown format JSONEachRows for records'],
    [
      "CREATE STREAM s (a int) SETTINGS data_format = 'RawBLOB'",
      'PLAN_ARGUMENT_INVALID 1:48 a stream of format RawBLOB has exactly one column, of type string',
    ],
    [
      "CREATE STREAM s (a int) SETTINGS topic = 'a b'",
      'PLAN_ARGUMENT_INVALID 1:42 the setting topic is "a b", but a topic\'s name has 1 to 249 of the characters a-z A-Z 0-9 . _ -',
    ],
    [
      "CREATE STREAM s (a string) SETTINGS sharding_expr = 'a'",
      'PLAN_TYPE_MISMATCH 1:53 sharding_expr gives string, but must give an integer',
    ],
    ['CREATE STREAM s (a int) SETTINGS shards = 1, shards = 2', 'PLAN_ARGUMENT_INVALID 1:46 the setting shards is given twice'],
  ])('%s is refused', (sql, expected) => {
    expect(refusal(sql)).toBe(expected);
  });

  it('shows the expression itself in an error inside sharding_expr', () => {
    expect(() => create("CREATE STREAM s (a int) SETTINGS sharding_expr = 'b % 2'")).toThrow(
      expect.objectContaining({ source: 'b % 2', code: 'PLAN_IDENTIFIER_UNKNOWN' }) as MillraceError,
    );
  });
});
