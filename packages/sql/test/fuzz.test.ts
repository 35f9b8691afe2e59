import { MillraceError } from '@millrace/core';
import { inputState, keywords, parseExpression, parseStatements, splitStatements, tokenize } from '@millrace/sql';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const pieces = [
  ...keywords,
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ';',
    '.',
    ':',
    '::',
    '->',
    '=',
    '==',
    '!=',
    '<',
    '||',
    '+',
    '-',
    '*',
    '/',
    '%',
    '$$',
    '--',
    '/*',
    '*/',
  ],
  ...[
    'a',
    's.b',
    '"q"',
    "'str'",
    "'",
    '"',
    '`',
    '1',
    '5s',
    '1.5e3',
    '0x',
    '12ab',
    '\\',
    '\n',
    '\0',
    '?',
    '🙂',
    'ä',
    '{p:int}',
    'tumble(s, 5s)',
    '\ue000',
    '\ue001',
    '\ue010',
  ],
];
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((list) => list.join(' '));
const glued = fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((list) => list.join(''));

const statements = [
  "CREATE STREAM devices (device String DEFAULT 'x', cpu Float32, ts DateTime64(3, 'UTC') COMMENT 'c') PRIMARY KEY (device) SETTINGS shards=3, mode='append',",
  'WITH x AS (SELECT 1) SELECT DISTINCT device, max(cpu) AS m FROM hop(table(devices), ts, INTERVAL 2 SECOND, 5s) AS h WHERE cpu NOT BETWEEN 1 AND 2 AND a IS NOT NULL PARTITION BY p GROUP BY device, wend HAVING m > 1 ORDER BY m DESC NULLS LAST LIMIT 1 BY device LIMIT 5 OFFSET 1 UNION ALL SELECT 2 EMIT STREAM AFTER WATERMARK AND DELAY 2s AND TIMEOUT 5s SETTINGS a=1 FORMAT JSON;',
  "SELECT CASE WHEN a IN (1, 2) THEN raw:x.y[1]::int ELSE -b END, quantile(0.9)(x), count(DISTINCT y), (x, y) -> x || 'z' FROM a LEFT ASOF JOIN b ON a.k = b.k AND a.t >= b.t;",
  "INSERT INTO s (a, b) VALUES (1, 'x'), (-2.5, NULL) (true, f(1));",
  'INSERT INTO s FORMAT JSONEachRow {"a": 1}',
  "CREATE PIPE IF NOT EXISTS with WITH EXTRACTOR ('extractor.pattern'='root.a', \"realtime.enable\" = 'true',) WITH PROCESSOR () WITH CONNECTOR ('connector'='tap-connector'); SHOW PIPES WHERE CONNECTOR USED BY p; ALTER PIPE p MODIFY CONNECTOR ('a'='b')",
  "KILL QUERY WHERE query_id = 'x'; EXPLAIN LIVE 'y'; SHOW STREAMS NOT ILIKE '%a'; DROP VIEW IF EXISTS v",
];
/** A statement with some stretches cut out, doubled, or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...statements),
    fc.array(fc.tuple(fc.nat(400), fc.nat(12), fc.constantFrom('', ...pieces)), { minLength: 1, maxLength: 4 }),
  )
  .map(([text, edits]) => edits.reduce((edited, [at, length, piece]) => edited.slice(0, at) + piece + edited.slice(at + length), text));

function refusesOrParses(parse: (text: string) => unknown, text: string): void {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    expect(['SQL_SYNTAX', 'NOT_SUPPORTED']).toContain(error.code);
    expect(error.position!.offset).toBeLessThanOrEqual(text.length);
    expect(error.source).toBe(text);
  }
}

describe.each([
  ['a soup of words', soup],
  ['a soup of characters', glued],
  ['any text', fc.string({ unit: 'binary' })],
  ['a mutilated statement', mutated],
])('%s', (_name, texts) => {
  it('is parsed or refused with a position, and nothing else', () => {
    fc.assert(
      fc.property(texts, (text) => {
        refusesOrParses(parseStatements, text);
        refusesOrParses(parseExpression, text);
      }),
      { numRuns: 600 },
    );
  });

  it('is cut into tokens and statements that stand where they say', () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const piece of [...tokenize(text), ...splitStatements(text)]) expect(text.slice(piece.start, piece.end)).toBe(piece.text);
        const { complete, open } = inputState(text);
        expect(complete && open !== null).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
