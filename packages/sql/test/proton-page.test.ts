import { parseStatements, print } from '@millrace/sql';
import { expect, it } from 'vitest';

/** The statements of Proton's page on streaming SQL, as they are written there, and what they mean. */
const page: readonly [sql: string, canonical: string][] = [
  [
    `CREATE TABLE devices
(
    device String,
    location String,
    cpu_usage Float32,
    timestamp DateTime64(3),
    _time DateTime64(3)
);`,
    'CREATE STREAM devices (device String, location String, cpu_usage Float32, timestamp DateTime64(3), _time DateTime64(3))',
  ],
  [
    'SELECT device, cpu_usage\nFROM devices\nWHERE cpu_usage >= 99\nEMIT STREAM;',
    'SELECT device, cpu_usage FROM devices WHERE cpu_usage >= 99 EMIT STREAM',
  ],
  [
    'SELECT device, count(*)\nFROM devices\nWHERE cpu_usage > 99\nEMIT STREAM PERIODIC INTERVAL 5 SECOND;',
    'SELECT device, count(*) FROM devices WHERE cpu_usage > 99 EMIT STREAM PERIODIC INTERVAL 5 SECOND',
  ],
  [
    'SELECT device, max(cpu_usage)\nFROM tumble(devices, INTERVAL 5 SECOND)\nGROUP BY device, wend\nEMIT STREAM AFTER WATERMARK;',
    'SELECT device, max(cpu_usage) FROM tumble(devices, INTERVAL 5 SECOND) GROUP BY device, wend EMIT STREAM AFTER WATERMARK',
  ],
  [
    'SELECT device, max(cpu_usage)\nFROM tumble(devices, INTERVAL 5 SECOND)\nGROUP BY device, wend\nEMIT STREAM AFTER WATERMARK DELAY INTERVAL 2 SECOND;',
    'SELECT device, max(cpu_usage) FROM tumble(devices, INTERVAL 5 SECOND) GROUP BY device, wend EMIT STREAM AFTER WATERMARK WITH DELAY INTERVAL 2 SECOND',
  ],
  [
    'SELECT device, max(cpu_usage)\nFROM tumble(devices, timestamp, INTERVAL 5 SECOND)\nGROUP BY device, wend\nEMIT STREAM AFTER WATERMARK DELAY INTERVAL 2 SECOND;',
    'SELECT device, max(cpu_usage) FROM tumble(devices, timestamp, INTERVAL 5 SECOND) GROUP BY device, wend EMIT STREAM AFTER WATERMARK WITH DELAY INTERVAL 2 SECOND',
  ],
  [
    'SELECT device, max(cpu_usage)\nFROM hop(devices, INTERVAL 2 SECOND, INTERVAL 5 SECOND)\nGROUP BY device, wend\nEMIT STREAM AFTER WATERMARK;',
    'SELECT device, max(cpu_usage) FROM hop(devices, INTERVAL 2 SECOND, INTERVAL 5 SECOND) GROUP BY device, wend EMIT STREAM AFTER WATERMARK',
  ],
];

it.each(page)('%j parses as written', (sql, canonical) => {
  const [only, ...more] = parseStatements(sql);
  expect(print(only!.statement)).toBe(canonical);
  expect(more).toEqual([]);
});

it('the page’s statements follow each other in a script, with and without semicolons', () => {
  const script = page.map(([sql]) => sql).join('\n');
  const kinds = parseStatements(script).map(({ statement }) => statement.kind);
  expect(kinds).toEqual(['create_stream', ...Array(6).fill('select_statement')]);
  const bare = parseStatements(page.map(([sql]) => sql.replace(';', '')).join('\n'));
  expect(bare.map(({ statement }) => print(statement))).toEqual(page.map(([, canonical]) => canonical));
});

it('each statement knows where its own text stands', () => {
  const script = page.map(([sql]) => sql).join('\n-- next\n');
  for (const { start, end, text } of parseStatements(script)) {
    expect(script.slice(start, end)).toBe(text);
    expect(page.map(([sql]) => sql.slice(0, -1))).toContain(text);
  }
});
