import { parseStatement } from '@millrace/sql';
import { expect, it } from 'vitest';

it('parses an INSERT of nearly 1 MiB of values in well under two seconds', () => {
  const tuple = "('device-1', -12.5, 1700000000123, true, NULL)";
  const count = Math.floor((1024 * 1024 - 100) / (tuple.length + 2));
  const text = `INSERT INTO devices VALUES ${Array(count).fill(tuple).join(', ')}`;
  const started = performance.now();
  const insert = parseStatement(text);
  expect(performance.now() - started).toBeLessThan(2000);
  expect(insert).toMatchObject({ kind: 'insert', rows: { kind: 'values', tuples: { length: count } } });
});

it('takes the data behind INSERT … FORMAT however long it is', () => {
  const data = '{"a": 1}\n'.repeat(1_000_000);
  const insert = parseStatement(`INSERT INTO s SETTINGS max_insert_block = 1 FORMAT JSONEachRow\n${data}`);
  expect(insert.kind === 'insert' && insert.rows.kind === 'format' && insert.rows.data === data).toBe(true);
});
