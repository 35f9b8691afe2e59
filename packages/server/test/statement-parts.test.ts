import type { StreamDefinition } from '@millrace/catalog';
import { parseDataType } from '@millrace/data';
import { parseStatement, print } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { createStatement } from '../src/rest/stream-document.ts';
import { createStreamText } from '../src/statements/create-text.ts';
import { fillPlaceholders } from '../src/statements/fill-placeholders.ts';
import { likeFilter } from '../src/statements/like-filter.ts';

describe('likeFilter', () => {
  const matches = (pattern: string, name: string, negated = false, caseInsensitive = false) =>
    likeFilter({ pattern, negated, caseInsensitive })(name);

  it('takes % for any text and _ for one character', () => {
    expect(matches('to\\_%', 'to_int8')).toBe(true);
    expect(matches('to\\_%', 'toint8')).toBe(false);
    expect(matches('a_c', 'abc')).toBe(true);
    expect(matches('a.c', 'abc')).toBe(false);
    expect(matches('A%', 'abc')).toBe(false);
    expect(matches('A%', 'abc', false, true)).toBe(true);
    expect(matches('a%', 'abc', true)).toBe(false);
  });
});

describe('fillPlaceholders', () => {
  const fill = (source: string, values: Record<string, string>) =>
    print(fillPlaceholders(parseStatement(source), new Map(Object.entries(values)), source));

  it('puts values in the place of placeholders, wherever they stand', () => {
    expect(fill('SELECT {a:int32} + x FROM s WHERE y = {b:string}', { a: '1', b: "it\\'s\\n" })).toBe(
      print(parseStatement("SELECT CAST('1' AS int32) + x FROM s WHERE y = CAST('it\\'s\\n' AS string)")),
    );
    expect(fill('SELECT {a:nullable(int32)}', { a: '\\N' })).toBe(print(parseStatement('SELECT CAST(NULL AS nullable(int32))')));
  });

  it('leaves a statement without placeholders as it is', () => {
    const statement = parseStatement('SELECT 1');
    expect(fillPlaceholders(statement, new Map(), 'SELECT 1')).toBe(statement);
  });

  it('says which placeholder has no value, and where it stands', () => {
    expect(() => fill('SELECT {a:int32}', {})).toThrow(
      expect.objectContaining({
        message: 'the placeholder {a:int32} has no value',
        position: { offset: 7, length: 9, line: 1, column: 8 },
      }),
    );
  });
});

describe('createStreamText', () => {
  const stream: StreamDefinition = {
    name: 'my-stream',
    columns: [
      { name: 'device', type: parseDataType('string'), default: null, comment: "what's measured" },
      { name: 'select', type: parseDataType('nullable(float32)'), default: '1 + 2', comment: null },
    ],
    primaryKey: ['device'],
    settings: { shards: 3, topic: 'a.b' },
    eventTimeColumn: null,
    topic: 'a.b',
    createdTopic: false,
    topicId: null,
    partitions: 3,
    dataFormat: 'JSONEachRow',
    comment: 'c',
    createdAtMs: 0,
  };

  it('gives a statement that reads back', () => {
    const text = createStreamText(stream);
    expect(text).toBe(
      [
        'CREATE STREAM `my-stream`',
        '(',
        "  device string COMMENT 'what\\'s measured',",
        '  `select` nullable(float32) DEFAULT 1 + 2',
        ')',
        'PRIMARY KEY (device)',
        "SETTINGS shards=3, topic='a.b'",
        "COMMENT 'c'",
      ].join('\n'),
    );
    expect(parseStatement(text)).toMatchObject({ kind: 'create_stream', name: { name: 'my-stream' }, comment: 'c' });
  });
});

describe('createStatement', () => {
  it('makes the statement of a document', () => {
    const document = {
      name: 's',
      columns: [
        { name: 'a', type: 'int32', default: '5' },
        { name: 'b c', type: 'string', nullable: true },
      ],
      event_time_column: 'a',
      shards: 3,
      shard_by_expression: 'a',
    };
    expect(createStatement(document)).toBe(
      "CREATE STREAM s (a int32 DEFAULT 5, `b c` nullable(string)) SETTINGS event_time_column = 'a', shards = 3, sharding_expr = 'a'",
    );
  });

  it('refuses what is no document of a stream', () => {
    expect(() => createStatement({ columns: [] })).toThrow('the field "name" must be a text');
    expect(() => createStatement({ name: 's' })).toThrow('the field "columns" must be a list of columns');
  });
});
