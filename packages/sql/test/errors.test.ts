import { MillraceError } from '@millrace/core';
import { parseStatements } from '@millrace/sql';
import { describe, expect, it } from 'vitest';

/** The text, line:column, the message, and the hint if there is one. */
type Row =
  | readonly [sql: string, position: string, message: string]
  | readonly [sql: string, position: string, message: string, hint: string];

const behindItem =
  "AS, ',', FROM, WHERE, PARTITION BY, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET, EMIT, SETTINGS, UNION ALL, FORMAT, ';' or the end of the text";
const behindSource =
  "AS, JOIN, WHERE, PARTITION BY, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET, EMIT, SETTINGS, UNION ALL, FORMAT, ';' or the end of the text";
const inEmit =
  'STREAM, AFTER WATERMARK, AFTER WINDOW CLOSE, AFTER KEY EXPIRE, PERIODIC, ON UPDATE, PER EVENT, CHANGELOG, LAST, DELAY, AND DELAY, WITH DELAY, TIMEOUT, AND TIMEOUT or WITH TIMEOUT';
const statements =
  'SELECT, WITH, CREATE, ALTER, DROP, TRUNCATE, DESCRIBE, DESC, SHOW, INSERT, KILL, EXPLAIN, SYSTEM, FLUSH, REPLAY, START, STOP, SET or USE';
const order =
  'the order is SELECT … FROM … WHERE … PARTITION BY … GROUP BY … HAVING … ORDER BY … LIMIT … OFFSET … EMIT … SETTINGS … FORMAT';
const units = 'write one of NANOSECOND, MICROSECOND, MILLISECOND, SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER, YEAR behind it';
const numbers =
  'a number is written 12, 1.5, 1e3 or 0xff, a duration with one of the units ns us ms s m h d w M q y; a name that begins with a digit needs quotes';

const syntaxErrors: readonly Row[] = [
  ['', '1:1', 'the text holds no statement'],
  ['  -- nothing', '1:13', 'the text holds no statement'],
  [';;', '1:3', 'the text holds no statement'],
  ['SELEC a FROM s', '1:1', `unexpected 'SELEC', expected ${statements}`, 'did you mean SELECT?'],
  ['FOO', '1:1', `unexpected 'FOO', expected ${statements}`],
  ['SELECT', '1:7', 'unexpected end of the text, expected DISTINCT or an expression'],
  [
    'SELECT FROM s',
    '1:8',
    "unexpected 'FROM', expected DISTINCT or an expression",
    'FROM is a keyword; a column of this name is written "FROM"',
  ],
  ['SELECT a FORM s', '1:10', `unexpected 'FORM', expected ${behindItem}`, 'did you mean FROM?'],
  ['SELECT a FROM', '1:14', 'unexpected end of the text, expected a stream, a view or a subquery in brackets'],
  [
    'SELECT a FROM WHERE x = 1',
    '1:15',
    "unexpected 'WHERE', expected a stream, a view or a subquery in brackets",
    'WHERE is a keyword; as a name it needs quotes: "WHERE"',
  ],
  ['SELECT a FROM s WHER x = 1', '1:17', `unexpected 'WHER', expected ${behindSource}`, 'did you mean WHERE?'],
  ['SELECT a FROM s WHERE', '1:22', 'unexpected end of the text, expected an expression'],
  [
    'SELECT a FROM s WHERE GROUP BY b',
    '1:23',
    "unexpected 'GROUP', expected an expression",
    'GROUP is a keyword; a column of this name is written "GROUP"',
  ],
  ['SELECT a b FROM s', '1:10', `unexpected 'b', expected ${behindItem}`, 'an alias needs AS: … AS b; is a comma missing?'],
  ['SELECT a, b c, d FROM s', '1:13', `unexpected 'c', expected ${behindItem}`, 'an alias needs AS: … AS c; is a comma missing?'],
  ['SELECT a FROM s t', '1:17', `unexpected 't', expected ${behindSource}`, 'an alias needs AS: … AS t'],
  ['SELECT a FROM s GROUP a', '1:23', "unexpected 'a', expected BY"],
  ['SELECT a FROM s GROUP BY', '1:25', 'unexpected end of the text, expected an expression'],
  ['SELECT a FROM s GROUP BY a WHERE b = 1', '1:28', 'WHERE stands behind GROUP BY', order],
  ['SELECT a FROM s LIMIT 5 ORDER BY a', '1:25', 'ORDER BY stands behind LIMIT', order],
  ['SELECT a FROM s WHERE a WHERE b', '1:25', 'WHERE is written twice'],
  ['SELECT a FROM s FORMAT JSON WHERE a', '1:29', 'WHERE stands behind FORMAT', 'FORMAT is the last clause'],
  ['SELECT a FROM s EMIT STREAM WHERE a = 1', '1:29', 'WHERE stands behind EMIT', order],
  ['SELECT a FROM s HAVIN a > 1', '1:17', `unexpected 'HAVIN', expected ${behindSource}`, 'did you mean HAVING?'],
  ['SELECT a FROM s EMIT', '1:21', `unexpected end of the text, expected ${inEmit}`],
  ['SELECT a FROM s EMIT PERIODC 5s', '1:22', `unexpected 'PERIODC', expected ${inEmit}`, 'did you mean PERIODIC?'],
  ['SELECT a FROM s EMIT PERIODIC 5', '1:31', 'PERIODIC takes an interval, not 5', 'write 5s or INTERVAL 5 SECOND'],
  ['SELECT a FROM s EMIT PERIODIC INTERVAL 5', '1:41', 'INTERVAL 5 has no unit', units],
  ['SELECT a FROM s EMIT PERIODIC INTERVAL 5 SECNOD', '1:42', 'INTERVAL 5 has no unit', 'did you mean SECOND?'],
  ['SELECT a FROM s EMIT AFTER', '1:27', 'unexpected end of the text, expected WATERMARK, WINDOW CLOSE or KEY EXPIRE'],
  ['SELECT a FROM s EMIT AFTER WATERMARK DELAY', '1:43', 'unexpected end of the text, expected an expression'],
  ['SELECT a FROM s EMIT AFTER WATERMARK DELAY 1s DELAY 2s', '1:47', 'DELAY is written twice'],
  ['SELECT a FROM s EMIT AFTER KEY EXPIRE', '1:38', 'unexpected end of the text, expected IDENTIFIED BY or WITH'],
  ["SELECT 'abc FROM s", '1:8', 'unclosed string', "close it with '; inside, write the quote twice"],
  ['SELECT "abc FROM s', '1:8', 'unclosed quoted name', 'close it with "; inside, write the quote twice'],
  ['SELECT `abc', '1:8', 'unclosed quoted name', 'close it with `; inside, write the quote twice'],
  ['SELECT /* never closed', '1:8', 'unclosed comment', 'close it with */'],
  ['SELECT (a + b FROM s', '1:15', "unexpected 'FROM', expected ',' or ')'", "'(' of line 1, column 8 is still open"],
  ['SELECT (a + b', '1:8', "unclosed '('", "close it with ')'"],
  ['SELECT f(a, b', '1:9', "unclosed '('", "close it with ')'"],
  ['SELECT f(a b)', '1:12', "unexpected 'b', expected ',' or ')'", 'is a comma missing?'],
  ['SELECT f(,a)', '1:10', "unexpected ',', expected DISTINCT, ')' or an expression"],
  ['SELECT [1, 2', '1:8', "unclosed '['", "close it with ']'"],
  ['SELECT a) FROM s', '1:9', `unexpected ')', expected ${behindItem}`, 'no bracket is open here'],
  ['SELECT a[1 FROM s', '1:12', "unexpected 'FROM', expected ']'", "'[' of line 1, column 9 is still open"],
  ['SELECT ()', '1:9', "unexpected ')', expected an expression"],
  ['SELECT (a b)', '1:11', "unexpected 'b', expected ',' or ')'", 'is a comma missing?'],
  ['SELECT a == b FROM s', '1:10', `unexpected '==', expected ${behindItem}`, "'equal' is written ="],
  ['SELECT a && b', '1:10', `unexpected '&&', expected ${behindItem}`, 'write AND'],
  ['SELECT a ! b', '1:10', "unexpected character '!'", 'write NOT, or != for "not equal"'],
  ['SELECT a ? b : c', '1:10', "unexpected character '?'", 'parameters are written {name:type}'],
  ['SELECT a FROM s WHERE a = ‘x’', '1:27', "unexpected character '‘'", "strings are written in straight quotes: 'text'"],
  ['SELECT 12abc', '1:8', "malformed number '12abc'", numbers],
  ['SELECT 1e', '1:8', "malformed number '1e'", numbers],
  ['SELECT a +', '1:11', 'unexpected end of the text, expected an expression'],
  ['SELECT a + FROM s', '1:12', "unexpected 'FROM', expected an expression", 'FROM is a keyword; a column of this name is written "FROM"'],
  ['SELECT * + 1', '1:10', `unexpected '+', expected ${behindItem}`],
  ['SELECT a AND', '1:13', 'unexpected end of the text, expected an expression'],
  [
    'SELECT AND a',
    '1:8',
    "unexpected 'AND', expected DISTINCT or an expression",
    'AND is a keyword; a column of this name is written "AND"',
  ],
  ['SELECT 1 + NOT a', '1:12', 'NOT stands behind an operator that binds more tightly', 'put it in brackets: (NOT …)'],
  ['SELECT a NOT b', '1:10', `unexpected 'NOT', expected ${behindItem}`, 'behind an operand stands NOT IN, NOT LIKE or NOT BETWEEN'],
  ['SELECT a IS 5', '1:10', `unexpected 'IS', expected ${behindItem}`, 'IS stands before NULL or NOT NULL'],
  ['SELECT a BETWEEN 1', '1:8', 'BETWEEN has no AND', 'write x BETWEEN low AND high; comparisons inside the bounds need brackets'],
  ['SELECT a BETWEEN 1 OR 2', '1:8', 'BETWEEN has no AND', 'write x BETWEEN low AND high; comparisons inside the bounds need brackets'],
  [
    'SELECT a BETWEEN 1 = 2 AND 3',
    '1:8',
    'BETWEEN has no AND',
    'write x BETWEEN low AND high; comparisons inside the bounds need brackets',
  ],
  ['SELECT a IN', '1:12', 'unexpected end of the text, expected an expression'],
  ['SELECT a IN ()', '1:14', "unexpected ')', expected an expression"],
  ['SELECT a IN (1 2)', '1:16', "unexpected number 2, expected ',' or ')'", 'is a comma missing?'],
  ['SELECT CASE a END', '1:15', "unexpected 'END', expected WHEN"],
  ['SELECT CASE WHEN a THEN 1', '1:8', 'unclosed CASE', 'close it with END'],
  ['SELECT CASE WHEN a 1 END', '1:20', 'unexpected number 1, expected THEN'],
  ['SELECT CASE WHEN a THEN 1 ELS 2 END', '1:27', "unexpected 'ELS', expected WHEN, ELSE or END", 'did you mean ELSE?'],
  ['SELECT CAST(a int)', '1:15', "unexpected 'int', expected ',' or AS", 'write CAST(x AS type)'],
  ['SELECT CAST(a AS)', '1:17', "unexpected ')', expected the type of the cast"],
  ["SELECT cast(a, 'no type(')", '1:16', "'no type(' is not the name of a type", "a type is written as in 'decimal(10, 2)'"],
  ['SELECT a::', '1:11', 'unexpected end of the text, expected the type of the cast'],
  ['SELECT a.', '1:10', "unexpected end of the text, expected a member's name or number"],
  ['SELECT raw:', '1:12', 'unexpected end of the text, expected a key of the JSON path'],
  ['SELECT raw:a[i]', '1:14', "unexpected 'i', expected a number", 'an index that is computed needs brackets around the path: (raw:a)[i]'],
  ['SELECT {a}', '1:10', "unexpected '}', expected ':'", 'parameters are written {name:type}'],
  ['SELECT {a:}', '1:11', "unexpected '}', expected the type of parameter 'a'"],
  ['SELECT {a:int', '1:8', "unclosed '{'", "close it with '}'"],
  ['SELECT INTERVAL "5" SECOND', '1:17', 'unexpected name "5", expected a value', "double quotes are for names; a string is written '5'"],
  ["SELECT INTERVAL 'x' SECOND", '1:17', "the amount of an INTERVAL is not a number: 'x'", 'write INTERVAL 5 SECOND or 5s'],
  [
    'SELECT count(SELECT 1)',
    '1:14',
    "unexpected 'SELECT', expected DISTINCT, ')' or an expression",
    'a subquery as an argument needs brackets of its own: f((SELECT …))',
  ],
  [
    'SELECT end FROM s',
    '1:8',
    "unexpected 'end', expected DISTINCT or an expression",
    'END is a keyword; a column of this name is written "end"',
  ],
  [
    'SELECT sum(a) OVER (PARTITION BY b) FROM s',
    '1:15',
    `unexpected 'OVER', expected ${behindItem}`,
    'windows are functions over a stream, as in FROM tumble(s, 5s) … GROUP BY window_start',
  ],
  [
    'SELECT a FROM s WINDOW w AS (x)',
    '1:17',
    `unexpected 'WINDOW', expected ${behindSource}`,
    'windows are functions over a stream, as in FROM tumble(s, 5s) … GROUP BY window_start',
  ],
  ['SELECT a AS FROM s', '1:13', "unexpected 'FROM', expected an alias", 'FROM is a keyword; as a name it needs quotes: "FROM"'],
  ['SELECT a FROM s AS', '1:19', 'unexpected end of the text, expected an alias'],
  ['SELECT a FROM s, t', '1:16', "unexpected ',' in FROM", 'streams are joined by JOIN … ON'],
  [
    'SELECT a FROM s JOIN t',
    '1:23',
    'unexpected end of the text, expected AS, ON or USING',
    'a join says by ON or USING which rows belong together',
  ],
  ['SELECT a FROM tumble(s, 5s', '1:21', "unclosed '('", "close it with ')'"],
  ['SELECT a FROM tumble(5s)', '1:22', 'unexpected duration 5s, expected a stream, a view or a subquery in brackets'],
  ['SELECT a FROM tumble(s 5s)', '1:24', "unexpected duration 5s, expected ',' or ')'"],
  [
    "SELECT a FROM 's'",
    '1:15',
    "unexpected string 's', expected a stream, a view or a subquery in brackets",
    'a stream is named without quotes, or in double quotes',
  ],
  ['SELECT a FROM (SELECT b', '1:15', "unclosed '('", "close it with ')'"],
  ['SELECT a FROM (b)', '1:16', "unexpected 'b', expected SELECT"],
  ['SELECT a UNION SELECT b', '1:16', 'UNION stands without ALL', 'write UNION ALL'],
  ['WITH x AS SELECT 1 SELECT 2', '1:11', "unexpected 'SELECT', expected '('", 'a common table is written WITH name AS (SELECT …)'],
  [
    'WITH 1 AS x SELECT 2',
    '1:6',
    "unexpected number 1, expected a common table's name",
    'a common table is written WITH name AS (SELECT …)',
  ],
  [
    "SELECT 1 SETTINGS mode='a' shards=3",
    '1:28',
    "unexpected 'shards', expected ',', ORDER BY, LIMIT, OFFSET, EMIT, UNION ALL, FORMAT, ';' or the end of the text",
    'is a comma missing?',
  ],
  [
    'SELECT 1 SETTINGS mode="append"',
    '1:24',
    'unexpected name "append", expected a value',
    "double quotes are for names; a string is written 'append'",
  ],
  ['SELECT 1 SETTINGS mode=append', '1:24', "unexpected 'append', expected a value", "a string is written in quotes: 'append'"],
  ['SELECT 1 SETTINGS mode', '1:23', "unexpected end of the text, expected '='"],
  ['SELECT 1 SETTINGS', '1:18', "unexpected end of the text, expected a setting's name"],
  ['SELECT 1 FORMAT', '1:16', "unexpected end of the text, expected a format's name"],
  ['CREATE', '1:7', 'unexpected end of the text, expected OR REPLACE, VIEW, MATERIALIZED VIEW, PIPEPLUGIN, STREAM, TABLE or PIPE'],
  [
    'CREATE TABEL s (a int)',
    '1:8',
    "unexpected 'TABEL', expected OR REPLACE, VIEW, MATERIALIZED VIEW, PIPEPLUGIN, STREAM, TABLE or PIPE",
    'did you mean TABLE?',
  ],
  ['CREATE STREAM', '1:14', 'unexpected end of the text, expected IF NOT EXISTS or the name of the stream'],
  ['CREATE STREAM s', '1:16', "unexpected end of the text, expected '('", 'the columns stand in brackets: (name type, …)'],
  ['CREATE STREAM s ()', '1:18', "unexpected ')', expected a column"],
  ['CREATE STREAM s (a)', '1:19', "unexpected ')', expected the type of column 'a'"],
  ['CREATE STREAM s (a int b int)', '1:24', "unexpected 'b', expected DEFAULT, COMMENT, ',' or ')'", 'is a comma missing?'],
  ['CREATE STREAM s (a int, b)', '1:26', "unexpected ')', expected the type of column 'b'"],
  ['CREATE STREAM s (a array(int)', '1:17', "unclosed '('", "close it with ')'"],
  ['CREATE STREAM s (a int NULL)', '1:24', "unexpected NULL behind column 'a'", 'a column that may be null has the type nullable(int)'],
  [
    'CREATE STREAM s (a int NOT NULL)',
    '1:24',
    "unexpected NOT NULL behind column 'a'",
    'leave it out: a column is never null unless its type is nullable(…)',
  ],
  [
    'CREATE STREAM s (a int PRIMARY KEY)',
    '1:24',
    "unexpected PRIMARY KEY behind column 'a'",
    'it is written behind the columns: CREATE STREAM s (k string, …) PRIMARY KEY (k)',
  ],
  [
    'CREATE STREAM s (a int, PRIMARY KEY (a))',
    '1:25',
    'PRIMARY KEY stands between the columns',
    'it is written behind the columns: CREATE STREAM s (k string, …) PRIMARY KEY (k)',
  ],
  [
    'CREATE STREAM s (a int) COMMENT "x"',
    '1:33',
    'unexpected name "x", expected a comment in quotes',
    "double quotes are for names; a string is written 'x'",
  ],
  [
    'CREATE STREAM s (a int) SETING x=1',
    '1:25',
    "unexpected 'SETING', expected PRIMARY KEY, COMMENT, SETTINGS, ';' or the end of the text",
    'did you mean SETTINGS?',
  ],
  [
    'CREATE STREAM s (select int)',
    '1:18',
    "unexpected 'select', expected a column",
    'SELECT is a keyword; as a name it needs quotes: "select"',
  ],
  ['CREATE STREAM IF EXISTS s (a int)', '1:18', "unexpected 'EXISTS', expected NOT EXISTS"],
  ['CREATE VIEW v SELECT 1', '1:15', "unexpected 'SELECT', expected AS"],
  [
    'CREATE VIEW v AS SELECT 1 FORMAT JSON',
    '1:27',
    "unexpected 'FORMAT', expected AS, ',', FROM, WHERE, PARTITION BY, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET, EMIT, SETTINGS, UNION ALL, ';' or the end of the text",
    'a view has no FORMAT: it belongs to the SELECT that reads the view',
  ],
  ['SYSTEM RELOAD', '1:8', "unexpected 'RELOAD', expected PAUSE, UNPAUSE or RESUME"],
  ['SYSTEM PAUSE v', '1:14', "unexpected 'v', expected MATERIALIZED VIEW or VIEW"],
  ['REPLAY DEAD v', '1:13', "unexpected 'v', expected LETTERS"],
  ['REPLAY DEAD LETTERS v', '1:21', "unexpected 'v', expected FOR"],
  ['FLUSH v', '1:7', "unexpected 'v', expected ';' or the end of the text"],
  ['CREATE MATERIALIZED v AS SELECT 1', '1:21', "unexpected 'v', expected VIEW"],
  ['DROP s', '1:6', "unexpected 's', expected PIPE, PIPEPLUGIN, STREAM, TABLE, VIEW or MATERIALIZED VIEW"],
  ['DROP STREAM', '1:12', 'unexpected end of the text, expected IF EXISTS or the name of the stream'],
  ['DROP STREAM IF NOT EXISTS s', '1:16', "unexpected 'NOT', expected EXISTS"],
  [
    'SHOW',
    '1:5',
    'unexpected end of the text, expected CREATE, DEAD LETTERS, PIPES, PIPE, PIPEPLUGINS, MATERIALIZED VIEWS, STREAMS, TABLES, VIEWS, QUERIES, PROCESSLIST, FUNCTIONS, SETTINGS or FORMATS',
  ],
  [
    'SHOW STREMS',
    '1:6',
    "unexpected 'STREMS', expected CREATE, DEAD LETTERS, PIPES, PIPE, PIPEPLUGINS, MATERIALIZED VIEWS, STREAMS, TABLES, VIEWS, QUERIES, PROCESSLIST, FUNCTIONS, SETTINGS or FORMATS",
    'did you mean STREAMS?',
  ],
  [
    'SHOW STREAMS LIKE "a%"',
    '1:19',
    'unexpected name "a%", expected a pattern in quotes',
    "double quotes are for names; a string is written 'a%'",
  ],
  ['SHOW STREAMS LIKE', '1:18', 'unexpected end of the text, expected a pattern in quotes'],
  ['DESCRIBE', '1:9', 'unexpected end of the text, expected the name of a stream or view'],
  ['KILL QUERY 5', '1:12', 'unexpected number 5, expected WHERE'],
  ["KILL QUERY WHERE id = 'x'", '1:18', "unexpected 'id', expected QUERY_ID", "a query is killed by its id: WHERE query_id = '…'"],
  [
    'EXPLAIN DROP STREAM s',
    '1:9',
    "unexpected 'DROP', expected LIVE, PIPE, PLAN, SYNTAX, PIPELINE, UPGRADE, SELECT, WITH, '(', INSERT or CREATE",
  ],
  ['EXPLAIN LIVE 5', '1:14', "unexpected number 5, expected a query's id in quotes"],
  [
    'EXPLAIN',
    '1:8',
    "unexpected end of the text, expected LIVE, PIPE, PLAN, SYNTAX, PIPELINE, UPGRADE, SELECT, WITH, '(', INSERT or CREATE",
  ],
  ['SET', '1:4', "unexpected end of the text, expected a setting's name"],
  ['SET a', '1:6', "unexpected end of the text, expected '='"],
  ['USE', '1:4', 'unexpected end of the text, expected a database'],
  ['TRUNCATE', '1:9', 'unexpected end of the text, expected IF EXISTS or the name of the stream'],
  ['INSERT s VALUES (1)', '1:8', "unexpected 's', expected INTO"],
  ['INSERT INTO s', '1:14', 'unexpected end of the text, expected SETTINGS, VALUES, FORMAT or SELECT'],
  ['INSERT INTO s VALUES;', '1:21', "unexpected ';', expected '('"],
  ['INSERT INTO s VALUES ()', '1:23', "unexpected ')', expected a value"],
  ['INSERT INTO s VALUES (1, 2', '1:22', "unclosed '('", "close it with ')'"],
  ['INSERT INTO s VALUES (1 2)', '1:25', "unexpected number 2, expected ',' or ')'", 'is a comma missing?'],
  ['INSERT INTO s VALUES (1), 2', '1:27', "unexpected number 2, expected '(', ';' or the end of the text"],
  [
    'INSERT INTO s VALUES ("abc")',
    '1:23',
    'unexpected name "abc", expected a value',
    "double quotes are for names; a string is written 'abc'",
  ],
  ['INSERT INTO s () VALUES (1)', '1:16', "unexpected ')', expected a column"],
  ['INSERT INTO s (a b) VALUES (1)', '1:18', "unexpected 'b', expected ',' or ')'", 'is a comma missing?'],
  ['INSERT INTO s VALEUS (1)', '1:15', "unexpected 'VALEUS', expected SETTINGS, VALUES, FORMAT or SELECT", 'did you mean VALUES?'],
  [
    'INSERT INTO s SELECT 1 FORMAT JSON',
    '1:24',
    "unexpected 'FORMAT', expected AS, ',', FROM, WHERE, PARTITION BY, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET, EMIT, SETTINGS, UNION ALL, ';' or the end of the text",
    'INSERT … SELECT has no FORMAT',
  ],
  ['INSERT INTO s FORMAT', '1:21', "unexpected end of the text, expected a format's name"],
  ['SELECT 1; SELEC 2', '1:11', `unexpected 'SELEC', expected ';', ${statements}`, 'did you mean SELECT?'],
  [
    'SELECT a FROM s EMIT STREAM PERIODIC 5s foo',
    '1:41',
    "unexpected 'foo', expected REPEAT, AFTER WATERMARK, AFTER WINDOW CLOSE, AFTER KEY EXPIRE, PERIODIC, ON UPDATE, PER EVENT, CHANGELOG, LAST, DELAY, AND DELAY, WITH DELAY, TIMEOUT, AND TIMEOUT, WITH TIMEOUT, ORDER BY, LIMIT, OFFSET, SETTINGS, UNION ALL, FORMAT, ';' or the end of the text",
  ],
  ['SELECT a,, b', '1:10', "unexpected ',', expected an expression"],
  ['SELECT 1 LIMIT', '1:15', 'unexpected end of the text, expected an expression'],
  ['SELECT 1 ORDER BY a NULLS', '1:26', 'unexpected end of the text, expected FIRST or LAST'],
  [
    'SELECT a FROM s ORDER BY a DECS',
    '1:28',
    "unexpected 'DECS', expected DESC, ASC, NULLS, ',', LIMIT, OFFSET, EMIT, SETTINGS, UNION ALL, FORMAT, ';' or the end of the text",
    'did you mean DESC?',
  ],
  ['SELECT\n  a,\n  b\nFROM s\nWHER b = 1', '5:1', `unexpected 'WHER', expected ${behindSource}`, 'did you mean WHERE?'],
  ["SELECT '😀', a b", '1:16', `unexpected 'b', expected ${behindItem}`, 'an alias needs AS: … AS b; is a comma missing?'],
  ["SELECT 1 -- it's\n, 2 3", '2:5', `unexpected number 3, expected ${behindItem}`],
  ['SELECT a -- c\n== b', '2:1', `unexpected '==', expected ${behindItem}`, "'equal' is written ="],
  [
    `INSERT INTO s VALUES ('a', "b")`,
    '1:28',
    'unexpected name "b", expected a value',
    "double quotes are for names; a string is written 'b'",
  ],
  ['SELECT #', '1:8', "unexpected character '#'", 'comments begin with --'],
  ['SELECT $x$ abc', '1:8', 'unclosed $x$ text', 'close it with $x$'],
  ['SELECT ""', '1:8', 'a name in quotes is empty', "an empty string is written ''"],
  ['SELECT a FROM s SETTINGS a=1 SETTINGS b=2', '1:30', 'SETTINGS is written twice'],
  ['SELECT a FROM s LIMIT 1 LIMIT 2', '1:25', 'LIMIT is written twice'],
  ['CREATE STREAM s (a int) SETTINGS a=1 SETTINGS b=2', '1:38', 'SETTINGS is written twice'],
  ['SELECT a FROM s HAVING b GROUP BY c', '1:26', 'GROUP BY stands behind HAVING', order],
  ['SELECT a FROM tumble(s, INTERVAL 5) GROUP BY b', '1:35', 'INTERVAL 5 has no unit', units],
  ['SELECT a FROM s FULL JOIN', '1:26', 'unexpected end of the text, expected a stream, a view or a subquery in brackets'],
  ['SELECT (SELECT 1', '1:8', "unclosed '('", "close it with ')'"],
  ['SELECT a FROM s EMIT ON UPDAT', '1:25', "unexpected 'UPDAT', expected UPDATE", 'did you mean UPDATE?'],
];

const unsupported: readonly Row[] = [
  [
    'SELECT a FROM s EMIT PERIODIC 1s ON UPDATE',
    '1:34',
    'EMIT PERIODIC together with ON UPDATE is not supported',
    'an EMIT has one policy',
  ],
  ['SELECT a FROM s EMIT LAST 1h AND PERIODIC 5s', '1:34', 'EMIT LAST together with PERIODIC is not supported', 'an EMIT has one policy'],
  ['SELECT EXISTS(SELECT 1)', '1:8', 'EXISTS is not supported', 'write x IN (SELECT …) or a join'],
  ['SELECT a FROM s ANY JOIN t ON x', '1:17', 'ANY JOIN is not supported', 'write LATEST JOIN or ASOF JOIN'],
  ['SELECT a FROM x.y', '1:15', "there is no database 'x', only 'default'", 'a name with a dot in it is written in quotes: "a.b"'],
  ['SELECT a UNION DISTINCT SELECT b', '1:10', 'UNION DISTINCT is not supported', 'write SELECT DISTINCT … FROM (… UNION ALL …)'],
  ['SELECT a EXCEPT SELECT b', '1:10', 'EXCEPT is not supported'],
  ['WITH RECURSIVE x AS (SELECT 1) SELECT 2', '1:6', 'WITH RECURSIVE is not supported'],
  [
    'CREATE STREAM s (a int CODEC(LZ4))',
    '1:24',
    'CODEC of a column is not supported',
    "a column is written name type [DEFAULT e] [COMMENT 's']",
  ],
  [
    'CREATE STREAM s (a int) ENGINE = MergeTree',
    '1:25',
    'ENGINE in CREATE STREAM is not supported',
    'a stream is a Kafka topic and has no engine: leave ENGINE out, and use SETTINGS',
  ],
  [
    'CREATE STREAM s (a int) ORDER BY a',
    '1:25',
    'ORDER in CREATE STREAM is not supported',
    'a stream keeps the order of its topic: leave ORDER BY out',
  ],
  [
    'CREATE STREAM s AS SELECT 1',
    '1:17',
    'CREATE STREAM … AS is not supported',
    'create the stream with its columns, then INSERT INTO … SELECT',
  ],
  ['CREATE OR REPLACE STREAM s (a int)', '1:1', 'CREATE OR REPLACE STREAM is not supported', 'drop it first, or write IF NOT EXISTS'],
  ['SHOW DATABASES', '1:6', 'SHOW DATABASES is not supported'],
  ['DESCRIBE (SELECT 1)', '1:10', 'DESCRIBE of a query is not supported', 'EXPLAIN shows the columns of a query'],
  ['CREATE PIPE p TO s', '1:15', 'CREATE PIPE … TO is not supported', 'write what it is to do: CREATE PIPE p WITH CONNECTOR (…)'],
  ['CREATE PIPESINK s AS IoTDB (ip=1)', '1:1', 'CREATE PIPESINK is not supported'],
  ['SHOW PIPESINKTYPE', '1:6', 'SHOW PIPESINKTYPE is not supported'],
  ['SHOW PIPESINK s', '1:6', 'SHOW PIPESINK is not supported'],
  ['DROP PIPESINK s', '1:1', 'DROP PIPESINK is not supported'],
  ['START PIPESERVER', '1:1', 'START PIPESERVER is not supported'],
  ['STOP PIPESERVER', '1:1', 'STOP PIPESERVER is not supported'],
  ['SHOW PIPESERVER STATUS', '1:6', 'SHOW PIPESERVER is not supported'],
  ['LOAD CONFIGURATION', '1:1', 'LOAD CONFIGURATION is not supported'],
  ['CREATE EXTERNAL STREAM s', '1:1', 'CREATE EXTERNAL STREAM is not supported'],
  ['CREATE FUNCTION f AS x -> x', '1:1', 'CREATE FUNCTION is not supported'],
  ['ALTER STREAM s ADD COLUMN a int', '1:1', 'ALTER STREAM is not supported'],
];

function errorOf(sql: string): MillraceError {
  try {
    parseStatements(sql);
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error(`parsed: ${sql}`);
}

function rowOf(sql: string): Row {
  const { position, message, hint } = errorOf(sql);
  const place = `${position!.line}:${position!.column}`;
  return hint === undefined ? [sql, place, message] : [sql, place, message, hint];
}

describe('a text that is not a statement', () => {
  it.each(syntaxErrors)('%j is refused with what was found, what was expected, and what to do', (sql, ...rest) => {
    expect(rowOf(sql)).toEqual([sql, ...rest]);
    expect(errorOf(sql)).toMatchObject({ code: 'SQL_SYNTAX', source: sql });
  });
});

describe('a statement or clause that is known and not to be had', () => {
  it.each(unsupported)('%j is named', (sql, ...rest) => {
    expect(rowOf(sql)).toEqual([sql, ...rest]);
    expect(errorOf(sql).code).toBe('NOT_SUPPORTED');
  });
});

it('marks the whole offending piece', () => {
  expect(errorOf('SELECT a FROM s WHERE abcdef ghijkl').position).toMatchObject({ offset: 29, length: 6 });
});

it('refuses a text that is longer than 1 MiB, where it is too long', () => {
  const error = errorOf(`SELECT ${'1, '.repeat(400_000)}1`);
  expect(error.message).toBe('the text is longer than 1048576 characters');
  expect(error.position!.offset).toBeLessThanOrEqual(1024 * 1024);
});
