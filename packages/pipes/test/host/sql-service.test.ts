import { FakeClock, MillraceError, SeededRandom } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { BatchRows } from '../../src/host/events/batch-rows.ts';
import { sqlService } from '../../src/host/services/sql-service.ts';
import { rowsBatch } from './event-batches.ts';

const sql = sqlService({ clock: new FakeClock(0), random: new SeededRandom(1), timezone: 'UTC' });
const event = new BatchRows(
  rowsBatch({
    v: ['int32', [1, 2, 3, 4]],
    name: ['string', ['a', 'ä', 'c', 'd']],
    tags: ['array(string)', [['x', 'y'], [], ['z'], ['x']]],
  }),
  'UTC',
);

function run(select: string) {
  return sql.compile(select, event.columns).run(event);
}

describe('the SQL service', () => {
  it('computes columns', () => {
    const given = run("SELECT v * 2 AS w, upper(name) AS n, v > 2 FROM event WHERE name != 'c'");
    expect(given.columns).toEqual([
      { name: 'w', type: 'int64' },
      { name: 'n', type: 'string' },
      { name: 'v > 2', type: 'bool' },
    ]);
    expect(given.rows.map((row) => Object.values(row))).toEqual([
      [2n, 'A', false],
      [4n, 'Ä', false],
      [8n, 'D', true],
    ]);
  });

  it('keeps the record that each row comes from', () => {
    const given = run('SELECT v FROM event WHERE v % 2 = 0');
    expect([0, 1].map((row) => [Buffer.from(given.key(row)!).toString(), given.time(row), given.origin(row).offset])).toEqual([
      ['k1', 1001, 11],
      ['k3', 1003, 13],
    ]);
  });

  it('unfolds arrays, and knows of each element where it is from', () => {
    const given = run('SELECT v, array_join(tags) AS tag FROM event');
    expect(given.rows.map(({ v, tag }) => `${v}${tag}`)).toEqual(['1x', '1y', '3z', '4x']);
    expect([0, 1, 2, 3].map((row) => given.origin(row).offset)).toEqual([10, 10, 12, 13]);
  });

  it('gives every column for *, and what records have beside them by name', () => {
    expect(run('SELECT * FROM event').columns.map(({ name }) => name)).toEqual(['v', 'name', 'tags', '_tp_time']);
    const given = run('SELECT _tp_sn, _tp_shard, _tp_time, _tp_message_key FROM event WHERE v = 2');
    expect(given.rows).toEqual([{ _tp_sn: 11n, _tp_shard: 3, _tp_time: 1001, _tp_message_key: 'k1' }]);
  });

  it('gives no rows where none pass', () => {
    expect(run('SELECT v FROM event WHERE v > 100').rowCount).toBe(0);
  });

  it('names the row that an expression fails at', () => {
    expect(() => run('SELECT cast(name AS int32) FROM event WHERE v > 1')).toThrow(expect.objectContaining({ name: 'BadRecord', row: 1 }));
  });

  it.each([
    ['SELECT count() FROM event', 'the aggregate count is not possible: a query over events takes each row by itself'],
    ['SELECT v FROM event GROUP BY v', 'GROUP BY is not possible: a query over events takes each row by itself'],
    ['SELECT v FROM event ORDER BY v', 'ORDER BY is not possible: a query over events takes each row by itself'],
    ['SELECT v FROM event LIMIT 1', 'LIMIT is not possible: a query over events takes each row by itself'],
    ['SELECT DISTINCT v FROM event', 'DISTINCT is not possible: a query over events takes each row by itself'],
    ['SELECT v FROM tumble(event, 5s)', 'a query over events reads FROM event, and nothing else'],
    ['SELECT v FROM event JOIN event AS b ON true', 'a query over events reads FROM event, and nothing else'],
    ['SELECT v FROM other', 'there is nothing but the event here: FROM event, not FROM other'],
    ['SELECT 1', 'FROM is missing: a query over events reads FROM event'],
    ['SELECT v FROM event UNION ALL SELECT v FROM event', 'UNION ALL is not possible: a query over events takes each row by itself'],
    ['WITH x AS (SELECT 1) SELECT v FROM event', 'WITH is not possible: a query over events takes each row by itself'],
  ])('refuses %s, and says where', (select, message) => {
    const refused = expect.objectContaining({ code: 'NOT_SUPPORTED', message, position: expect.anything() });
    expect(() => sql.check(select)).toThrow(refused);
    expect(() => sql.compile(select, event.columns)).toThrow(refused);
  });

  it('refuses columns that are not there with the nearest one, and those that no event carries', () => {
    expect(() => run('SELECT nam FROM event')).toThrow(MillraceError);
    expect(() => run('SELECT _tp_append_time FROM event')).toThrow('events do not carry _tp_append_time: it stays behind in the topic');
    expect(() => run('SELECT _tp_message_headers FROM event')).toThrow('events do not carry _tp_message_headers');
    expect(() => sql.check('SELECT nam FROM event')).not.toThrow();
  });

  it('refuses an event of other columns than it was compiled for', () => {
    const query = sql.compile('SELECT v FROM event', [{ name: 'v', type: 'int32' }]);
    expect(() => query.run(event)).toThrow('the event has other columns than those that the query was compiled for');
  });
});
