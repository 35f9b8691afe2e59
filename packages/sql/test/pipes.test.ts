import { MillraceError } from '@millrace/core';
import { type CreatePipe, parseStatement, parseStatements, print } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { withoutPositions } from './without-positions.ts';

function create(sql: string): CreatePipe {
  const statement = parseStatement(sql);
  if (statement.kind !== 'create_pipe') throw new Error(`a ${statement.kind}: ${sql}`);
  return statement;
}

function attributesOf(list: string): Record<string, string> {
  return Object.fromEntries(create(`CREATE PIPE p WITH CONNECTOR ${list}`).connector.attributes.map(({ key, value }) => [key, value]));
}

function errorOf(sql: string): { code: string; message: string; hint: string | undefined; at: string } {
  try {
    parseStatements(sql);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { line, column } = error.position!;
    return { code: error.code, message: error.message, hint: error.hint, at: `${line}:${column}` };
  }
  throw new Error(`parsed: ${sql}`);
}

/** Texts of one meaning: each reads as the first, which is the canonical one. */
const spellings: readonly (readonly [canonical: string, ...others: string[]])[] = [
  [
    `CREATE PIPE p WITH EXTRACTOR ('a' = 'b') WITH PROCESSOR () WITH CONNECTOR ('c' = 'd', 'e' = '')`,
    `create pipe p with source ('a'='b',) with processor() with sink ('c'='d','e'='',);`,
    `CREATE PIPE p -- a name\nWITH EXTRACTOR (\n  -- why\n "a" = "b"\n)\nWITH PROCESSOR ()\nWITH SINK ("c"='d', 'e'="")`,
  ],
  [`CREATE PIPE IF NOT EXISTS p WITH CONNECTOR ()`, 'create pipe if not exists p with sink()'],
  [`CREATE PIPE "iotdb-kafka" WITH CONNECTOR ()`, 'CREATE PIPE `iotdb-kafka` WITH CONNECTOR ()'],
  [`ALTER PIPE p MODIFY CONNECTOR ('a' = 'b')`, `alter pipe p modify sink ("a"="b",)`],
  [`ALTER PIPE p REPLACE EXTRACTOR ()`, 'ALTER PIPE p REPLACE SOURCE ()'],
  ['ALTER PIPE p MODIFY PROCESSOR ()'],
  ['START PIPE p', 'start pipe p;'],
  ['STOP PIPE p'],
  ['DROP PIPE p'],
  ['DROP PIPE IF EXISTS p'],
  ['SHOW PIPES'],
  ['SHOW PIPE p FORMAT JSON'],
  ['SHOW PIPES WHERE CONNECTOR USED BY p', 'SHOW PIPES\nWHERE SINK USED BY p'],
  [`SHOW PIPES NOT ILIKE 'a%' FORMAT CSV`],
  ['EXPLAIN PIPE p'],
  ['SHOW DEAD LETTERS FOR PIPE p'],
  [`CREATE PIPEPLUGIN a AS 'default' USING URI 'file:///x.ts'`],
  [`CREATE OR REPLACE PIPEPLUGIN a AS 'x' USING URI 'npm:y'`, `create or replace pipeplugin a as 'x' using uri 'npm:y'`],
  ['DESCRIBE PIPEPLUGIN "http-connector"', 'desc pipeplugin `http-connector`'],
  [`CREATE PIPEPLUGIN IF NOT EXISTS a AS 'x' USING URI 'https://y'`],
  ['DROP PIPEPLUGIN IF EXISTS a'],
  [`SHOW PIPEPLUGINS LIKE 'kafka%'`],
];

describe('a statement over pipes', () => {
  it.each(spellings)('%j is read, however it is spelt, and printed so that it reads the same', (canonical, ...others) => {
    const statement = parseStatement(canonical);
    expect(print(statement)).toBe(canonical);
    for (const other of others) {
      const names = (tree: unknown) =>
        JSON.stringify(withoutPositions(tree as never))
          .replaceAll(',"quoted":true', '')
          .replaceAll(',"quoted":false', '');
      expect(names(parseStatement(other))).toBe(names(statement));
    }
  });

  it.each(['Pipe_1', 'null', '中文', 'with', 'select', 'connector', 'exists', 'to2', 'IF'])('takes %s as the name of a pipe', (name) => {
    expect(create(`CREATE PIPE ${name} WITH CONNECTOR ()`).name).toMatchObject({ name, quoted: false });
    expect(print(parseStatement(`STOP PIPE ${name}`))).toBe(`STOP PIPE ${name}`);
  });

  it.each(['`33`', '"33"', '`a b`', '"with"'])('takes %s as the name of a pipe', (text) => {
    expect(create(`CREATE PIPE ${text} WITH CONNECTOR ()`).name.name).toBe(text.slice(1, -1));
    expect(parseStatement(`SHOW PIPE ${text}`)).toMatchObject({ name: { name: text.slice(1, -1) } });
  });

  it('follows another one without a semicolon between them', () => {
    const script = `CREATE PIPE a WITH CONNECTOR ('x'='y')\n\nCREATE PIPE b\nWITH CONNECTOR ('x'='y',)\nSTART PIPE a START PIPE b STOP PIPE a SHOW PIPES`;
    expect(parseStatements(script).map(({ statement }) => statement.kind)).toEqual([
      'create_pipe',
      'create_pipe',
      'switch_pipe',
      'switch_pipe',
      'switch_pipe',
      'show_pipes',
    ]);
  });

  it('may be followed by a query that begins with WITH', () => {
    const [, query] = parseStatements('CREATE PIPE a WITH CONNECTOR () WITH sink AS (SELECT 1) SELECT * FROM sink');
    expect(query!.statement.kind).toBe('select_statement');
  });
});

describe('keys and values', () => {
  it('are written in single or double quotes, each as it likes', () => {
    expect(attributesOf(`('a'='1', "b"="2", 'c'="it's", "d"='say "so"')`)).toEqual({ a: '1', b: '2', c: "it's", d: 'say "so"' });
    expect(attributesOf(`('a'='it''s', 'b'="", 'c'='')`)).toEqual({ a: "it's", b: '', c: '' });
  });

  it('may be none, and may end with a comma', () => {
    expect(attributesOf('()')).toEqual({});
    expect(attributesOf(`('a'='b',)`)).toEqual({ a: 'b' });
  });

  it('keep their case and their order', () => {
    expect(create(`CREATE PIPE p WITH CONNECTOR ('B'='X', 'a'='Y')`).connector.attributes.map(({ key }) => key)).toEqual(['B', 'a']);
  });

  it.each([
    [`(a='b')`, `unexpected 'a', expected ')' or a key in quotes`, `keys and values are written in quotes: 'a'`],
    ["(`a`='b')", "unexpected name `a`, expected ')' or a key in quotes", `keys and values are texts: 'a'`],
    [`('a'=b)`, `unexpected 'b', expected a value in quotes`, `keys and values are written in quotes: 'b'`],
    [`('a'=6667)`, `unexpected number 6667, expected a value in quotes`, `keys and values are written in quotes: '6667'`],
    [`('a'=true)`, `unexpected 'true', expected a value in quotes`, `keys and values are written in quotes: 'true'`],
    ["('a'=`b`)", 'unexpected name `b`, expected a value in quotes', `keys and values are texts: 'b'`],
    [`('a' 'b')`, `unexpected string 'b', expected '='`, undefined],
    [`('a'='b' 'c'='d')`, `unexpected string 'c', expected ',' or ')'`, 'is a comma missing?'],
    [`('a'='b', 'a'='c')`, `the key 'a' is written twice`, undefined],
    [`("a"='b', 'a'='b')`, `the key 'a' is written twice`, undefined],
    [`(,)`, `unexpected ',', expected ')' or a key in quotes`, undefined],
    [`'a'='b'`, `unexpected string 'a', expected '('`, undefined],
    [`('a'='b'`, `unclosed '('`, `close it with ')'`],
  ])('%s is refused', (list, message, hint) => {
    const error = errorOf(`CREATE PIPE p WITH CONNECTOR ${list}`);
    expect([error.code, error.message, error.hint]).toEqual(['SQL_SYNTAX', message, hint]);
  });
});

describe('the stages of a pipe', () => {
  const order = 'the stages stand in the order EXTRACTOR, PROCESSOR, CONNECTOR, each at most once';

  it.each([
    ['WITH PROCESSOR () WITH EXTRACTOR () WITH CONNECTOR ()', 'unexpected EXTRACTOR behind PROCESSOR', order],
    ['WITH CONNECTOR () WITH PROCESSOR ()', 'unexpected PROCESSOR behind CONNECTOR', order],
    ['WITH SINK () WITH SOURCE ()', 'unexpected EXTRACTOR behind CONNECTOR', order],
    ['WITH CONNECTOR () WITH SINK ()', 'unexpected a second CONNECTOR', order],
    ['WITH PROCESSOR () WITH PROCESSOR () WITH CONNECTOR ()', 'unexpected a second PROCESSOR', order],
    ['WITH EXTRACTOR () WITH SOURCE () WITH CONNECTOR ()', 'unexpected a second EXTRACTOR', order],
  ])('%s is refused', (stages, message, hint) => {
    expect(errorOf(`CREATE PIPE p ${stages}`)).toMatchObject({ code: 'SQL_SYNTAX', message, hint });
  });

  it('do not go without a connector', () => {
    const hint = 'a pipe needs a connector: WITH CONNECTOR (…)';
    expect(errorOf('CREATE PIPE p')).toMatchObject({
      message: 'unexpected end of the text, expected WITH EXTRACTOR, WITH PROCESSOR or WITH CONNECTOR',
      hint,
    });
    expect(errorOf('CREATE PIPE p WITH EXTRACTOR ()')).toMatchObject({
      message: 'unexpected end of the text, expected WITH PROCESSOR or WITH CONNECTOR',
      hint,
    });
    expect(errorOf('CREATE PIPE p WITH PROCESSOR ();')).toMatchObject({ message: `unexpected ';', expected WITH CONNECTOR`, hint });
  });
});
