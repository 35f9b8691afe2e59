import { parseQuery, parseStatement, parseStatements, print } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { withoutPositions } from './without-positions.ts';

/** Texts of one meaning: each reads as the first, which is the canonical one. */
const statements: readonly (readonly [canonical: string, ...spellings: string[]])[] = [
  // SELECT
  ['SELECT 1', 'select 1;', '(SELECT 1)', 'SELECT 1 -- one', '/* a */ SELECT/**/1;;'],
  ['SELECT *, s.*, a AS "from" FROM s', 'SELECT *, s.*, a as "from", FROM default.s'],
  [
    'SELECT DISTINCT a FROM s WHERE b GROUP BY a, c HAVING d ORDER BY a DESC, b NULLS FIRST LIMIT 1 BY a LIMIT 5 OFFSET 2 FORMAT JSON',
    'SELECT DISTINCT a FROM s WHERE b GROUP BY a, c HAVING d ORDER BY a DESC, b ASC NULLS FIRST LIMIT 1 BY a LIMIT 2, 5 FORMAT JSON',
  ],
  ['SELECT a FROM s PARTITION BY a, b LIMIT 5 OFFSET 1', 'SELECT a FROM s PARTITION BY a, b LIMIT 5 OFFSET 1 ROWS'],
  ['SELECT a FROM s UNION ALL SELECT b FROM t LIMIT 1', '(SELECT a FROM s) UNION ALL (SELECT b FROM t LIMIT 1)'],
  ['WITH x AS (SELECT 1), y AS (SELECT 2) SELECT * FROM x', 'WITH x AS (SELECT 1), y AS (SELECT 2), SELECT * FROM x'],
  ["SELECT 1 SETTINGS a = 1, b = 'x', c = -2, d = TRUE, e = {p:int}", "SELECT 1 SETTINGS a=1, b='x', c=-2, d=true, e={p:int},"],
  // sources
  ['SELECT a FROM table(s) AS t', 'SELECT a FROM TABLE(s) AS t'],
  ["SELECT a FROM TUMBLE(s, ts, INTERVAL 5 SECOND, 'UTC')", "SELECT a FROM TUMBLE(s, ts, 5s, 'UTC')"],
  ['SELECT a FROM tumble(table(s), INTERVAL 5 SECOND) AS w', 'SELECT a FROM tumble(table(s), 5s,) AS w'],
  [
    'SELECT a FROM hop((SELECT b FROM c WHERE d), b, INTERVAL 2 SECOND, INTERVAL 5 SECOND)',
    'SELECT a FROM hop((SELECT b FROM c WHERE d), b, 2s, 5s)',
  ],
  [
    'SELECT a FROM tumble(dedup(changelog(s, k), k, INTERVAL 1 HOUR), INTERVAL 5 SECOND)',
    'SELECT a FROM tumble(dedup(changelog(s, k), k, 1h), 5s)',
  ],
  ['SELECT a FROM session(s, INTERVAL 5 SECOND, [a = 1, b = 2))', 'SELECT a FROM session(s, 5s, [a = 1, b = 2))'],
  ['SELECT a FROM Session(s, ts, INTERVAL 5 SECOND, INTERVAL 1 MINUTE, (a, b])', 'SELECT a FROM Session(s, ts, (5s), 1m, (a, b])'],
  ['SELECT a FROM (SELECT b FROM s) AS q'],
  ['SELECT a FROM s INNER JOIN t ON s.a = t.a', 'SELECT a FROM s JOIN t ON s.a = t.a'],
  [
    'SELECT a FROM s AS x LEFT ASOF JOIN t AS y ON x.a = y.a AND x.t >= y.t',
    'SELECT a FROM s AS x ASOF LEFT OUTER JOIN t AS y ON x.a = y.a AND x.t >= y.t',
  ],
  [
    'SELECT a FROM s INNER LATEST JOIN table(t) USING (a, b) FULL JOIN u ON date_diff_within(INTERVAL 2 MINUTE)',
    'SELECT a FROM s LATEST JOIN table(t) USING (a, b) FULL OUTER JOIN u ON date_diff_within(2m)',
  ],
  ['SELECT a FROM s CROSS JOIN t RIGHT ALL JOIN u USING (k)', 'SELECT a FROM s CROSS JOIN t RIGHT ALL JOIN u USING k'],
  // EMIT
  ['SELECT a FROM s EMIT STREAM'],
  ['SELECT a FROM s EMIT STREAM PERIODIC INTERVAL 5 SECOND', 'SELECT a FROM s EMIT STREAM PERIODIC 5s'],
  ['SELECT a FROM s EMIT PERIODIC INTERVAL 5 SECOND REPEAT', 'SELECT a FROM s EMIT PERIODIC 5s REPEAT'],
  ['SELECT a FROM s EMIT AFTER WATERMARK', 'SELECT a FROM s EMIT AFTER WINDOW CLOSE'],
  [
    'SELECT a FROM s EMIT AFTER WATERMARK WITH DELAY INTERVAL 2 SECOND',
    'SELECT a FROM s EMIT AFTER WATERMARK AND DELAY 2s',
    "SELECT a FROM s EMIT AFTER WINDOW CLOSE DELAY INTERVAL '2' SECOND",
    'SELECT a FROM s EMIT DELAY 2s AFTER WATERMARK',
  ],
  [
    'SELECT a FROM s EMIT STREAM AFTER WATERMARK WITH DELAY INTERVAL 2 SECOND AND TIMEOUT INTERVAL 5 SECOND',
    'SELECT a FROM s EMIT STREAM AFTER WATERMARK WITH TIMEOUT 5s AND DELAY 2s',
  ],
  ['SELECT a FROM s EMIT TIMEOUT INTERVAL 5 SECOND', 'SELECT a FROM s EMIT AND TIMEOUT 5s'],
  ['SELECT a FROM s EMIT ON UPDATE', 'select a from s emit on update'],
  [
    'SELECT a FROM s EMIT ON UPDATE WITH BATCH INTERVAL 2 SECOND WITH DELAY INTERVAL 1 SECOND',
    'SELECT a FROM s EMIT ON UPDATE WITH BATCH 2s WITH DELAY 1s',
  ],
  ['SELECT a FROM s EMIT PER EVENT'],
  ['SELECT a FROM s EMIT CHANGELOG'],
  ['SELECT a FROM s EMIT LAST INTERVAL 1 HOUR ON PROCTIME', 'SELECT a FROM s EMIT LAST 1h ON PROCTIME'],
  ['SELECT a FROM s EMIT LAST {span:string}'],
  [
    'SELECT a FROM s EMIT AFTER KEY EXPIRE IDENTIFIED BY s.t WITH ONLY MAXSPAN INTERVAL 1 MINUTE AND TIMEOUT INTERVAL 5 MINUTE',
    'SELECT a FROM s EMIT AFTER KEY EXPIRE IDENTIFIED BY s.t WITH ONLY MAXSPAN 1m AND TIMEOUT 5m',
  ],
  ['SELECT a FROM s EMIT AFTER KEY EXPIRE WITH MAXSPAN INTERVAL 1 MINUTE'],
  [
    'SELECT a FROM s ORDER BY a LIMIT 3 EMIT STREAM SETTINGS b = 1 FORMAT CSV',
    'SELECT a FROM s SETTINGS b = 1 EMIT STREAM ORDER BY a LIMIT 3 FORMAT CSV',
    'SELECT a FROM s ORDER BY a EMIT STREAM LIMIT 3 SETTINGS b=1 FORMAT CSV;',
  ],
  // streams and views
  [
    "CREATE STREAM IF NOT EXISTS s (a int32 DEFAULT 1 + 2, \"b c\" DateTime64(3, 'UTC') COMMENT 'it''s', d array(tuple(a int32, b string))) PRIMARY KEY (a, d) COMMENT 'c' SETTINGS shards = 3, mode = 'append'",
    "create table if not exists s (a int32 default 1 + 2, `b c` DateTime64(3, 'UTC') comment 'it''s', d array(tuple(a int32, b string)),) settings shards=3, mode='append', comment 'c' primary key (a, d)",
  ],
  [
    'CREATE STREAM s (k string, timestamp DateTime64(3)) PRIMARY KEY (k)',
    'CREATE STREAM s (k string, timestamp DateTime64(3)) PRIMARY KEY k',
  ],
  ['CREATE STREAM s (a bool DEFAULT NOT like(b, c), b string)'],
  ['SELECT a FROM s WHERE on NOT LIKE b ORDER BY NOT like(a, b)'],
  ['CREATE VIEW IF NOT EXISTS v AS SELECT 1', 'CREATE VIEW IF NOT EXISTS v AS (SELECT 1)'],
  ['CREATE OR REPLACE VIEW v AS SELECT a FROM s'],
  ['CREATE MATERIALIZED VIEW IF NOT EXISTS v INTO t AS SELECT a FROM s SETTINGS parallelism = 2'],
  ['DROP STREAM s', 'drop table s'],
  ['DROP VIEW IF EXISTS v', 'DROP MATERIALIZED VIEW IF EXISTS default.v'],
  ['TRUNCATE STREAM s', 'TRUNCATE s', 'TRUNCATE TABLE s'],
  ['TRUNCATE STREAM IF EXISTS stream', 'TRUNCATE TABLE IF EXISTS stream'],
  ['DESCRIBE s', 'DESC s', 'DESCRIBE TABLE s', 'DESCRIBE STREAM s;'],
  ['DESCRIBE stream FORMAT JSON', 'DESC stream stream FORMAT JSON'],
  ['SHOW STREAMS', 'SHOW TABLES'],
  ["SHOW MATERIALIZED VIEWS NOT ILIKE 'a%' FORMAT JSONEachRow"],
  ["SHOW QUERIES LIKE 'a'", "SHOW PROCESSLIST LIKE 'a'"],
  ['SHOW FORMATS'],
  ['SHOW CREATE STREAM s', 'SHOW CREATE TABLE s'],
  ['SHOW CREATE VIEW v', 'SHOW CREATE MATERIALIZED VIEW v'],
  ['SHOW CREATE v FORMAT TSV'],
  ['SYSTEM PAUSE MATERIALIZED VIEW v', 'system pause view v'],
  ['SYSTEM UNPAUSE MATERIALIZED VIEW v', 'SYSTEM RESUME MATERIALIZED VIEW v'],
  ['FLUSH'],
  ['FLUSH MATERIALIZED VIEW v', 'FLUSH VIEW v'],
  ["SHOW DEAD LETTERS LIKE 'a%' FORMAT JSON"],
  ['SHOW DEAD LETTERS FOR v', 'show dead letters for default.v'],
  ["REPLAY DEAD LETTERS FOR v WHERE offset < 10 AND error LIKE '%zero%' FORMAT JSON"],
  ['REPLAY DEAD LETTERS FOR v', 'replay dead letters for v;'],
  // the rest
  ["KILL QUERY WHERE query_id = 'x'", "kill query where query_id='x' sync"],
  ['EXPLAIN SELECT a FROM s FORMAT JSON', 'EXPLAIN PLAN SELECT a FROM s FORMAT JSON'],
  ['EXPLAIN SYNTAX INSERT INTO s SELECT 1'],
  ['EXPLAIN UPGRADE CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT a FROM s'],
  ['EXPLAIN PIPELINE CREATE VIEW v AS SELECT 1 FORMAT JSON'],
  ["EXPLAIN LIVE 'x' FORMAT JSON"],
  ["SET a = 1, b = 'x'", "SET a=1,b='x',"],
  ['USE default'],
  // INSERT
  [
    "INSERT INTO s (a, b) VALUES (1, 'x'), (-2.5, NULL)",
    "INSERT INTO s (a, b) VALUES (1, 'x') (-2.5, NULL)",
    "insert into stream s (a, b,) values (1, 'x'), (-2.5, null),",
  ],
  [
    'INSERT INTO s SETTINGS a = 1 VALUES (1 + 2, [1], now(), INTERVAL 5 SECOND)',
    'INSERT INTO s SETTINGS a=1 FORMAT Values (1 + 2, [1], now(), 5s)',
  ],
  ['INSERT INTO s (a) SELECT a FROM t', 'INSERT INTO TABLE default.s (a) (SELECT a FROM t)'],
  ['INSERT INTO s WITH x AS (SELECT 1) SELECT * FROM x'],
  ['INSERT INTO s FORMAT JSONEachRow', 'INSERT INTO s FORMAT JSONEachRow ;', 'INSERT INTO s FORMAT JSONEachRow\n\n'],
  ['INSERT INTO s (a) SETTINGS b = 1 FORMAT CSV\n it\'s, "x; --\n', 'INSERT INTO s (a) SETTINGS b = 1 FORMAT CSV  \r\n it\'s, "x; --\n'],
  ['INSERT INTO s FORMAT JSONEachRow\n{"a": 1}', 'INSERT INTO s FORMAT JSONEachRow {"a": 1}'],
];

describe.each(statements)('%s', (canonical, ...spellings) => {
  it('is canonical', () => {
    expect(print(parseStatement(canonical))).toBe(canonical);
  });

  it.each(spellings)('may be written %j', (spelling) => {
    expect(normal(parseStatement(spelling))).toEqual(normal(parseStatement(canonical)));
  });
});

/** `"x"` and `` `x` `` are the same tree; so are trees up to positions. */
function normal(tree: unknown): unknown {
  return withoutPositions(tree);
}

describe('the tree', () => {
  it('of a window query has every part in its place', () => {
    expect(
      withoutPositions(parseStatement('SELECT max(a) FROM tumble(s, 5s) GROUP BY wend EMIT STREAM AFTER WATERMARK AND DELAY 2s')),
    ).toEqual({
      kind: 'select_statement',
      query: {
        kind: 'query',
        with: [],
        selects: [
          {
            kind: 'select',
            distinct: false,
            items: [
              {
                expression: {
                  kind: 'call',
                  name: { name: 'max', quoted: false },
                  parameters: [],
                  arguments: [{ kind: 'column', parts: [{ name: 'a', quoted: false }] }],
                  distinct: false,
                },
                alias: null,
              },
            ],
            from: {
              kind: 'function',
              name: { name: 'tumble', quoted: false },
              input: { kind: 'named', name: { name: 's', quoted: false }, alias: null },
              arguments: [{ kind: 'interval', amount: { kind: 'number', text: '5' }, unit: 'second' }],
              alias: null,
            },
            where: null,
            partitionBy: [],
            groupBy: [{ kind: 'column', parts: [{ name: 'wend', quoted: false }] }],
            having: null,
            orderBy: [],
            limitBy: null,
            limit: null,
            offset: null,
            emit: {
              stream: true,
              policy: { kind: 'after_watermark' },
              delay: { kind: 'interval', amount: { kind: 'number', text: '2' }, unit: 'second' },
              timeout: null,
            },
            settings: [],
          },
        ],
      },
      format: null,
    });
  });

  it('knows where its clauses stand', () => {
    const sql = 'WITH c AS (SELECT 1) SELECT a AS b FROM tumble(s, 5s) AS w WHERE x ORDER BY a DESC EMIT STREAM PERIODIC 5s SETTINGS k = 1';
    const query = parseQuery(sql);
    const [select] = query.selects;
    const { emit } = select!;
    const nodes = [
      query.with[0],
      select!.items[0],
      select!.from,
      select!.where,
      select!.orderBy[0],
      emit,
      emit!.policy,
      select!.settings[0],
    ];
    expect(nodes.map((node) => sql.slice(node!.start, node!.end))).toEqual([
      'c AS (SELECT 1)',
      'a AS b',
      'tumble(s, 5s) AS w',
      'x',
      'a DESC',
      'EMIT STREAM PERIODIC 5s',
      'PERIODIC 5s',
      'k = 1',
    ]);
  });
});

describe('a script', () => {
  it('holds statements with and without semicolons between them', () => {
    const script =
      'CREATE STREAM a (x int)\nINSERT INTO a VALUES (1), (2)\nSELECT * FROM a EMIT STREAM\n; SHOW STREAMS DROP STREAM a WITH x AS (SELECT 1) SELECT 2';
    expect(parseStatements(script).map(({ text }) => text)).toEqual([
      'CREATE STREAM a (x int)',
      'INSERT INTO a VALUES (1), (2)',
      'SELECT * FROM a EMIT STREAM',
      'SHOW STREAMS',
      'DROP STREAM a',
      'WITH x AS (SELECT 1) SELECT 2',
    ]);
  });

  it('may end with an INSERT and its data', () => {
    const [, insert] = parseStatements('SELECT 1; INSERT INTO s FORMAT CSV\n1,;\n');
    expect(insert!.statement).toMatchObject({ kind: 'insert', rows: { kind: 'format', data: '1,;\n' } });
  });

  it('goes on behind an INSERT whose data comes beside the text', () => {
    const kinds = parseStatements('INSERT INTO s FORMAT CSV; SELECT 1').map(({ statement }) => statement.kind);
    expect(kinds).toEqual(['insert', 'select_statement']);
  });
});

it('takes the words of later statements as names', () => {
  expect(print(parseStatement('SELECT pipe, system, sink, stream, values, offset, last, "end" FROM flush'))).toBe(
    'SELECT pipe, system, sink, stream, values, offset, last, "end" FROM flush',
  );
});
