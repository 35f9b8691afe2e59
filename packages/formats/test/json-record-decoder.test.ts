import { type DataType, defaultValue, parseDataType, type Value, valueAt } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordDecoder, type DecodeColumn } from '../src/index.ts';

const options = { timezone: 'UTC' };

function column(name: string, type: string, fallback: DecodeColumn['fallback'] | 'default' = 'default'): DecodeColumn {
  const parsed = parseDataType(type);
  return { name, type: parsed, fallback: fallback === 'default' ? { kind: 'value', value: defaultValue(parsed) } : fallback };
}

/** Decodes the records one after another, out of one buffer with something between them. */
function decode(columns: readonly DecodeColumn[], records: readonly string[]): { rows: Value[][]; failures: string[] } {
  const decoder = createRecordDecoder('JSONEachRow', columns, options);
  const bytes = Buffer.from(records.map((record) => `"${record}1,`).join(''), 'latin1');
  decoder.begin(bytes);
  const failures: string[] = [];
  let at = 0;
  for (const record of records) {
    if (!decoder.append(at + 1, at + 1 + record.length)) failures.push(decoder.failure.message);
    at += record.length + 3;
  }
  const { rowCount } = decoder;
  const lanes = decoder.finish();
  const rows = Array.from({ length: rowCount }, (_, row) => columns.map(({ type }, i) => valueAt(lanes[i]!, type, row)));
  return { rows, failures };
}

/** One value of one type, decoded five times, so that the compiled layout is used too. */
function decodeOne(type: string, json: string): Value | undefined {
  const record = `{"v":${json}}`;
  const { rows } = decode([column('v', type)], [record, record, record, record, record]);
  expect([0, 5]).toContain(rows.length);
  for (const row of rows) expect(row).toEqual(rows[0]);
  return rows[0]?.[0];
}

describe('what goes into a column', () => {
  it.each([
    ['int8', '-128', -128],
    ['int8', '128', undefined],
    ['int32', '1.0', 1],
    ['int32', '1e3', 1000],
    ['int32', '1.5', undefined],
    ['int32', '"42"', 42],
    ['int32', '"x"', undefined],
    ['int32', '""', undefined],
    ['int32', '-0', 0],
    ['int32', '[1]', undefined],
    ['int32', '{}', undefined],
    ['uint8', '-1', undefined],
    ['uint32', '4294967295', 4294967295],
    ['int64', '9007199254740993', 9007199254740993n],
    ['int64', '"-9223372036854775808"', -9223372036854775808n],
    ['int64', '-42', -42n],
    ['int64', '9223372036854775808', undefined],
    ['uint64', '18446744073709551615', 18446744073709551615n],
    ['uint64', '-1', undefined],
    ['uint64', '12345678901', 12345678901n],
    ['float64', '0.1', 0.1],
    ['float64', '-0.0', -0],
    ['float64', '1.7976931348623157e308', 1.7976931348623157e308],
    ['float64', '123456789.123456789', 123456789.12345679],
    ['float64', '"nan"', Number.NaN],
    ['float64', '"-inf"', -Infinity],
    ['float32', '0.1', Math.fround(0.1)],
    ['bool', 'true', true],
    ['bool', '0', false],
    ['bool', '2', undefined],
    ['bool', '"false"', false],
    ['string', '"a"', 'a'],
    ['string', '12.50', '12.50'],
    ['string', 'true', 'true'],
    ['string', '[1, {"a": "]"}]', '[1, {"a": "]"}]'],
    ['string', '{"a":[]}', '{"a":[]}'],
    ['string', '"\\u00e9\\n\\ud83d\\ude00"', 'Ã©\nð\x9f\x98\x80'],
    ['string', '"\\ud83d"', 'ï¿½'],
    ['json', '{"a": 1}', '{"a": 1}'],
    ['fixed_string(3)', '"ab"', 'ab\0'],
    ['fixed_string(3)', '"abcd"', undefined],
    ['uuid', '"61F0C404-5CB3-11E7-907B-A6006AD3DBA0"', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
    ['ipv4', '"1.2.3.4"', '1.2.3.4'],
    ['ipv4', '"1.2.3"', undefined],
    ["enum8('a'=1,'b'=2)", '"b"', 'b'],
    ["enum8('a'=1,'b'=2)", '1', 'a'],
    ["enum8('a'=1,'b'=2)", '"c"', undefined],
    ['date', '"2026-02-28"', 20512],
    ['date', '"2026-02-30"', undefined],
    ['date', '20512', 20512],
    ['datetime', '"2026-01-01 00:00:00"', 1767225600],
    ['datetime', '1767225600', 1767225600],
    ['datetime64(3)', '"2026-01-01T00:00:00.5Z"', 1767225600500],
    ['datetime64(3)', '1767225600500', 1767225600500],
    ['datetime64(3)', '1767225600.5', 1767225600500],
    ['datetime64(3)', '"2026-13-01 00:00:00"', undefined],
    ["datetime64(3,'Europe/Berlin')", '"2026-01-01 01:00:00"', 1767225600000],
    ['datetime64(9)', '1767225600500000001', 1767225600500000001n],
    ['array(int32)', '[1,null,"3"]', [1, 0, 3]],
    ['array(int32)', '[1.5]', undefined],
    ['array(string)', '["a","b\\n"]', ['a', 'b\n']],
    ['tuple(int32, string)', '[1,"x"]', [1, 'x']],
    ['tuple(a int32, b string)', '{"b":"x","a":1}', [1, 'x']],
    [
      'map(string, int64)',
      '{"k":1,"l":"2"}',
      new Map([
        ['k', 1n],
        ['l', 2n],
      ]),
    ],
    ['nullable(int32)', 'null', null],
    ['nullable(int32)', '7', 7],
    ['int32', 'null', 0],
  ] as const)('%s from %s', (type, json, expected) => {
    expect(decodeOne(type, json)).toEqual(expected);
  });
});

describe('fields', () => {
  const columns = [column('a', 'int32'), column('b', 'string', { kind: 'null' }), column('c', 'int32', { kind: 'refuse' })];

  it('takes what its column says for a field that is missing or null', () => {
    expect(decode(columns, ['{"c":1}', '{"c":2,"a":null,"b":null}']).rows).toEqual([
      [0, null, 1],
      [0, null, 2],
    ]);
  });

  it('refuses a record without a field that must be there, and says which', () => {
    const { rows, failures } = decode(columns, ['{"a":1}', '{"c":3}']);
    expect(rows).toEqual([[0, null, 3]]);
    expect(failures).toEqual(['the field is missing or null']);
  });

  it('leaves no trace of a refused record in the next', () => {
    const { rows } = decode([column('b', 'nullable(string)'), column('c', 'int8')], ['{"c":1000}', '{"b":"x","c":1}']);
    expect(rows).toEqual([['x', 1]]);
  });

  it('lets the last of a key given twice win, even when the first does not fit', () => {
    expect(decode([column('a', 'int32')], ['{"a":"x","a":2}', '{"a":1,"a":null}']).rows).toEqual([[2], [0]]);
  });

  it('finds keys written with escapes, and keys of other bytes than ASCII', () => {
    const latin1 = Buffer.from('{"größe":2}').toString('latin1');
    expect(decode([column('größe', 'int32')], [latin1, '{"gr\\u00f6\\u00dfe":3}']).rows).toEqual([[2], [3]]);
  });

  it('reads records of changing shapes', () => {
    const columns = [column('a', 'int32'), column('b', 'string')];
    const records = Array.from(
      { length: 1000 },
      (_, i) =>
        [
          `{"a":${i},"b":"x${i}"}`,
          `{ "b" : "x${i}", "a" : ${i} }`,
          `{"z":[{}],"a":"${i}","b":"x${i}"}`,
          `{"b":"\\u0078${i}","n":null,"a":${i}}`,
        ][i % 4]!,
    );
    expect(decode(columns, records).rows).toEqual(Array.from({ length: 1000 }, (_, i) => [i, `x${i}`]));
  });

  it('keeps bytes that are not UTF-8', () => {
    expect(decode([column('a', 'string')], ['{"a":"\xff\xfe"}']).rows).toEqual([['\xff\xfe']]);
  });

  it('hands columns over and starts anew', () => {
    const decoder = createRecordDecoder('JSONEachRow', [column('a', 'string')], options);
    const first = Buffer.from('{"a":"one"}');
    decoder.begin(first);
    decoder.append(0, first.length);
    const [one] = decoder.finish();
    const second = Buffer.from('{"a":"\\ttwo"}');
    decoder.begin(second);
    decoder.append(0, second.length);
    const [two] = decoder.finish();
    expect([valueAt(one!, { kind: 'string' }, 0), valueAt(two!, { kind: 'string' }, 0)]).toEqual(['one', '\ttwo']);
    expect((one as { bytes: Buffer }).bytes).toBe(first);
  });
});

describe('against JSON.parse', () => {
  it('reads every number as JSON.parse does', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.integer().map(String),
      fc.tuple(fc.integer({ min: 0, max: 99_999_999 }), fc.integer({ min: 0, max: 12 })).map(([m, e]) => `${m / 10 ** e}`),
      fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][-+]?\d{1,3})?$/),
    );
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 5 }), (texts) => {
        const { rows } = decode(
          [column('v', 'float64')],
          texts.map((text) => `{"v":${text}}`),
        );
        expect(rows.map(([value]) => value)).toEqual(texts.map((text) => JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const record = fc
    .tuple(leaf, fc.jsonValue({ maxDepth: 3 }), fc.string(), fc.boolean())
    .map(([a, other, s, hasBlanks]) => JSON.stringify({ n: 1.5, other, s, a }, null, hasBlanks ? 1 : 0));
  const toLatin1 = (text: string) => Buffer.from(text).toString('latin1');

  it('reads strings as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), (records) => {
        const { rows } = decode([column('s', 'string')], records.map(toLatin1));
        const expected = records.map((text) => Buffer.from((JSON.parse(text) as { s: string }).s).toString('latin1'));
        expect(rows.map(([value]) => value)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('accepts what JSON.parse accepts and refuses what it refuses, in records that are damaged at random', () => {
    const damage = fc.record({
      at: fc.nat(200),
      cut: fc.nat(3),
      put: fc.constantFrom(
        '',
        '"',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '\\',
        '0',
        '-',
        '.',
        'e',
        ' ',
        '\n',
        'null',
        'tru',
        '\\u12',
        '\x01',
        '\xe9',
      ),
    });
    fc.assert(
      fc.property(record, damage, fc.boolean(), (text, { at, cut, put }, isLearnt) => {
        const whole = toLatin1(text);
        const place = at % (whole.length + 1);
        const damaged = whole.slice(0, place) + put + whole.slice(place + cut);
        const isJson = isObject(damaged);
        // After the undamaged record its shape is known: then the compiled reader judges the damaged one first.
        const { rows } = decode([column('s', 'json', { kind: 'null' })], isLearnt ? [whole, damaged] : [damaged]);
        expect(rows.length).toBe((isJson ? 1 : 0) + (isLearnt ? 1 : 0));
      }),
      { numRuns: 3000 },
    );
  });
});

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

describe('refusals', () => {
  const message = (record: string, type = 'int32') => decode([column('v', type)], [record]).failures[0];

  it('says where JSON is malformed and what a field is not', () => {
    expect(message('{"v":1')).toBe('malformed JSON: expected a comma or a closing brace at byte 6, found the end');
    expect(message('')).toBe('malformed JSON: expected an object at byte 0, found the end');
    expect(message('{"v":01}')).toBe('malformed JSON: expected a value at byte 7, found "}"');
    expect(message('{"v":"x"}')).toBe('"x" is no int32');
    expect(message('{"v":300}', 'uint8')).toBe('300 is no uint8');
  });

  it('refuses nesting deeper than a thousand levels', () => {
    const nested = (depth: number) => `{"o":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(decode([column('v', 'int32')], [nested(999), nested(1001)]).failures).toHaveLength(1);
  });

  it('never runs past a record that breaks off, wherever it lies in the buffer', () => {
    const decoder = createRecordDecoder('JSONEachRow', [column('a', 'string'), column('b', 'int32')], options);
    const record = '{"a":"text","b":12}';
    const bytes = Buffer.from(record + record);
    decoder.begin(bytes);
    expect(decoder.append(0, record.length)).toBe(true);
    for (let end = 0; end < record.length; end++) {
      expect(decoder.append(0, end)).toBe(false);
      expect(decoder.append(record.length, record.length + end)).toBe(false);
    }
    expect(decoder.append(record.length, record.length * 2)).toBe(true);
  });
});

const types: readonly DataType['kind'][] = ['int32', 'float64', 'string', 'bool', 'int64'];

it('gives the same with every subset of columns', () => {
  const records = Array.from(
    { length: 20 },
    (_, i) => `{"int32":${i},"float64":${i / 7},"string":"s${i}","bool":${i % 2 === 0},"int64":"${i}"}`,
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom(...types), { minLength: 1 }), (chosen) => {
      const all = decode(
        types.map((kind) => column(kind, kind)),
        records,
      ).rows;
      const some = decode(
        chosen.map((kind) => column(kind, kind)),
        records,
      ).rows;
      expect(some).toEqual(all.map((row) => chosen.map((kind) => row[types.indexOf(kind)])));
    }),
    { numRuns: 20 },
  );
});
