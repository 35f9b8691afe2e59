import { type Chunk, columnOf, defaultValue, fromText, parseDataType, type Schema, type Value, valueAt } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createRecordDecoder,
  createRecordEncoder,
  createResultEncoder,
  createTextReader,
  type DecodeColumn,
  formatInfo,
  formatNames,
} from '../src/index.ts';

const options = { timezone: 'UTC', quote64BitIntegers: true, quoteDenormals: false };

function schemaOf(types: Record<string, string>): Schema {
  return Object.entries(types).map(([name, type]) => ({ name, type: parseDataType(type) }));
}

function chunkOf(schema: Schema, rows: readonly (readonly Value[])[]): Chunk {
  return {
    rowCount: rows.length,
    columns: schema.map(({ type }, i) =>
      columnOf(
        type,
        rows.map((row) => row[i]!),
      ),
    ),
  };
}

function columnsOf(schema: Schema): DecodeColumn[] {
  return schema.map(({ name, type }) => ({ name, type, fallback: { kind: 'value', value: defaultValue(type) } }));
}

function rowsOf(schema: Schema, chunk: Chunk): Value[][] {
  return Array.from({ length: chunk.rowCount }, (_, row) => schema.map(({ type }, i) => valueAt(chunk.columns[i]!, type, row)));
}

const statistics = { rows: 2, elapsedMs: 1500, rowsRead: 10, bytesRead: 100 };

function write(format: string, schema: Schema, rows: readonly (readonly Value[])[], encodeOptions = options): string {
  const encoder = createResultEncoder(format, schema, encodeOptions);
  const half = Math.ceil(rows.length / 2);
  const parts = [encoder.start(), encoder.encode(chunkOf(schema, rows.slice(0, half))), encoder.encode(chunkOf(schema, rows.slice(half)))];
  return Buffer.concat([...parts, encoder.end(statistics)]).toString();
}

function read(format: string, schema: Schema, text: string): Value[][] {
  return rowsOf(schema, createTextReader(format, columnsOf(schema), { timezone: 'UTC' }).read(Buffer.from(text)));
}

const small = schemaOf({ s: 'string', n: 'nullable(int32)' });
const smallRows = [
  [fromText('a "q"\t\\é'), 1],
  ['', null],
];

describe('result formats', () => {
  it.each([
    ['JSONEachRow', '{"s":"a \\"q\\"\\t\\\\é","n":1}\n{"s":"","n":null}\n'],
    ['JSONCompactEachRow', '["a \\"q\\"\\t\\\\é",1]\n["",null]\n'],
    ['JSONCompactEachRowWithNamesAndTypes', '["s","n"]\n["string","nullable(int32)"]\n["a \\"q\\"\\t\\\\é",1]\n["",null]\n'],
    ['JSONStringsEachRow', '{"s":"a \\"q\\"\\t\\\\é","n":"1"}\n{"s":"","n":null}\n'],
    ['CSV', '"a ""q""\t\\é",1\n"",\\N\n'],
    ['CSVWithNames', '"s","n"\n"a ""q""\t\\é",1\n"",\\N\n'],
    ['TSV', 'a "q"\\t\\\\é\t1\n\t\\N\n'],
    ['TabSeparatedWithNames', 's\tn\na "q"\\t\\\\é\t1\n\t\\N\n'],
    ['TSVWithNamesAndTypes', 's\tn\nstring\tnullable(int32)\na "q"\\t\\\\é\t1\n\t\\N\n'],
    ['Values', "('a \"q\"\\t\\\\é',1),('',NULL)"],
    ['Vertical', 'Row 1:\n──────\ns: a "q"\t\\é\nn: 1\n\nRow 2:\n──────\ns: \nn: NULL\n'],
    ['Null', ''],
  ])('%s', (format, expected) => {
    expect(write(format, small, smallRows)).toBe(expected);
  });

  it('JSON is one document with names, types and figures', () => {
    expect(JSON.parse(write('JSON', small, smallRows))).toEqual({
      meta: [
        { name: 's', type: 'string' },
        { name: 'n', type: 'nullable(int32)' },
      ],
      data: [
        { s: 'a "q"\t\\é', n: 1 },
        { s: '', n: null },
      ],
      rows: 2,
      statistics: { elapsed: 1.5, rows_read: 10, bytes_read: 100 },
    });
    expect(JSON.parse(write('JSONCompact', small, smallRows))).toMatchObject({
      data: [
        ['a "q"\t\\é', 1],
        ['', null],
      ],
    });
  });

  it('PrettyCompact draws one table over chunks, and begins it anew only when a cell does not fit', () => {
    const schema = schemaOf({ device: 'string', count: 'int32' });
    const encoder = createResultEncoder('PrettyCompact', schema, options);
    const parts = [
      encoder.encode(chunkOf(schema, [['a', 1]])),
      encoder.encode(chunkOf(schema, [['b', 22]])),
      encoder.encode(chunkOf(schema, [[fromText('größer als acht'), 3]])),
      encoder.end(statistics),
    ];
    expect(Buffer.concat(parts).toString()).toBe(
      [
        '┌─device───┬──count─┐',
        '│ a        │      1 │',
        '│ b        │     22 │',
        '└──────────┴────────┘',
        '┌─device──────────┬──count─┐',
        '│ größer als acht │      3 │',
        '└─────────────────┴────────┘',
        '',
      ].join('\n'),
    );
  });

  it('writes numbers as the shortest text that reads back, float32 as such', () => {
    const schema = schemaOf({ a: 'float64', b: 'float32', c: 'int64', d: 'uint64' });
    const rows = [
      [0.1, Math.fround(0.1), -9223372036854775808n, 18446744073709551615n],
      [1e300, Math.fround(1e-7), 9007199254740991n, 0n],
      [-12.5, Math.fround(123456.7), -5n, 7n],
      [-0, 16777216, 0n, 1n],
    ];
    expect(write('TSV', schema, rows)).toBe(
      '0.1\t0.1\t-9223372036854775808\t18446744073709551615\n1e300\t1e-7\t9007199254740991\t0\n-12.5\t123456.7\t-5\t7\n-0\t16777216\t0\t1\n',
    );
  });

  it('writes every float64 so that it reads back the same', () => {
    const schema = schemaOf({ a: 'float64' });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.integer().map((n) => n / 1000),
        ),
        (value) => {
          expect(JSON.parse(write('JSONCompactEachRow', schema, [[value]]))).toEqual([value]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('quotes 64-bit integers in JSON unless told otherwise', () => {
    const schema = schemaOf({ a: 'int64' });
    expect(write('JSONEachRow', schema, [[7n]])).toBe('{"a":"7"}\n');
    expect(write('JSONEachRow', schema, [[7n]], { ...options, quote64BitIntegers: false })).toBe('{"a":7}\n');
  });

  it('writes nan and inf as null in JSON unless told otherwise, by name in CSV and TSV', () => {
    const schema = schemaOf({ a: 'float64' });
    const rows = [[Number.NaN], [Infinity], [-Infinity]];
    expect(write('JSONCompactEachRow', schema, rows)).toBe('[null]\n[null]\n[null]\n');
    expect(write('JSONCompactEachRow', schema, rows, { ...options, quoteDenormals: true })).toBe('["nan"]\n["inf"]\n["-inf"]\n');
    expect(write('CSV', schema, rows)).toBe('nan\ninf\n-inf\n');
  });

  it('writes dates, times, bools, and composite values', () => {
    const schema = schemaOf({
      d: 'date',
      t: "datetime64(3,'Europe/Berlin')",
      b: 'bool',
      a: 'array(string)',
      m: 'map(string, int64)',
      p: 'tuple(x int32, y nullable(string))',
      j: 'json',
    });
    const rows = [[20512, 1767225600500, true, ['x', "y'"], new Map([['k', 1n]]), [1, null], '{"a":\n1}']];
    expect(write('JSONEachRow', schema, rows)).toBe(
      '{"d":"2026-02-28","t":"2026-01-01 01:00:00.500","b":true,"a":["x","y\'"],"m":{"k":"1"},"p":{"x":1,"y":null},"j":{"a": 1}}\n',
    );
    expect(write('CSV', schema, rows)).toBe(
      `"2026-02-28","2026-01-01 01:00:00.500",true,"['x','y\\\\'']","{'k':1}","(1,NULL)","{""a"":\n1}"\n`.replaceAll("\\\\''", "\\''"),
    );
  });

  it('tells of an error behind rows in a way that no row can be taken for', () => {
    const text = 'Code: 394. DB::Exception: cancelled';
    expect(createResultEncoder('JSONEachRow', small, options).exception(text).toString()).toBe(`{"exception":"${text}"}\n`);
    expect(createResultEncoder('CSV', small, options).exception(text).toString()).toBe(`\r\n__exception__\r\n${text}\r\n__exception__\r\n`);
  });
});

describe('date-times that come again', () => {
  it.each(['datetime64(3)', 'datetime64(9)'])('reads the same as if each were the first (%s)', (type) => {
    const schema = schemaOf({ at: type });
    const value = (text: string) => read('TSV', schema, `${text}\n`)[0]![0]!;
    const texts = [
      '2026-01-01 10:00:00.5',
      '2026-01-01 10:00:00.5',
      '2026-01-01 10:00:00.5',
      '1969-12-31 23:59:59.1',
      '2026-01-01 10:00:00.5',
    ];
    const lines = write(
      'TSV',
      schema,
      texts.map((text) => [value(text)]),
    )
      .trimEnd()
      .split('\n');
    expect(lines).toEqual(texts.map((text) => write('TSV', schema, [[value(text)]]).trimEnd()));
    expect(lines.map((line) => line.slice(0, 21))).toEqual(texts);
  });
});

describe('text readers', () => {
  const expected = [
    ['x', 1],
    ['y,z', null],
  ];

  it.each([
    ['JSONEachRow', '{"s":"x","n":1}\n{"n":null,"s":"y,z"}\n'],
    ['JSONEachRow', '[{"s":"x","n":1},\n {"n":null,\n"s":"y,z"}]'],
    ['JSONEachRow', '\ufeff{"s":"x","n":"1","extra":{}}\r\n{"s":"y,z"}'],
    ['JSONStringsEachRow', '{"s":"x","n":"1"}\n{"s":"y,z","n":null}\n'],
    ['JSONCompactEachRow', '["x",1]\n["y,z",null]\n'],
    ['JSONCompactEachRowWithNamesAndTypes', '["n","s"]\n["int32","string"]\n[1,"x"]\n[null,"y,z"]'],
    ['CSV', 'x,1\n"y,z",\\N\n'],
    ['CSV', 'x,1\r\n"y,z",\r\n'],
    ['CSVWithNames', 'n,s\n1,x\n,"y,z"'],
    ['TSV', 'x\t1\ny,z\t\\N\n'],
    ['TSVWithNames', 'n\ts\n1\tx\n\\N\ty,z\n'],
    ['TabSeparatedWithNamesAndTypes', 'n\ts\nint32\tstring\n1\tx\n\\N\ty,z\n'],
    ['Values', "('x', 1), ('y,z', NULL)"],
    ['Values', "('x',1)\n('y,z',null);"],
  ])('%s from %j', (format, text) => {
    expect(read(format, small, text)).toEqual(expected);
  });

  it.each([
    ['JSONEachRow', '{"s":"x"}\n{"s":"x","n":1.5}\n', 'row 2, column n: 1.5 is no nullable(int32)'],
    ['JSONEachRow', '{"s":"x"}\n{"s":', 'row 2: malformed JSON: expected a value at byte 5, found the end'],
    ['CSV', 'x,1\ny,z\n', 'row 2, column n: z is no nullable(int32)'],
    ['CSV', 'x,1,2\n', 'row 1: 3 cells where 2 are expected'],
    ['CSV', '"x,1\n', 'row 1: a quote that is not closed, or text behind a closed one'],
    ['JSONCompactEachRow', '["x"]', 'row 1: 1 values where 2 are expected'],
    ['Values', "('x')", 'row 1, column n: expected a comma'],
    ['Values', "('x', 1, 2)", 'row 1: expected a closing parenthesis after 2 values'],
  ])('%s refuses %j and says where', (format, text, message) => {
    expect(() => read(format, small, text)).toThrow(message);
  });

  it('reads nothing of nothing', () => {
    for (const format of formatNames.filter((name) => formatInfo(name).input && !name.includes('Names'))) {
      expect(createTextReader(format, columnsOf(schemaOf({ s: 'string' })), { timezone: 'UTC' }).read(Buffer.alloc(0)).rowCount).toBe(0);
    }
  });

  it('reads back what it writes, in every format that does both', () => {
    const schema = schemaOf({
      s: 'string',
      i: 'int64',
      f: 'float64',
      t: 'datetime64(6)',
      a: 'array(nullable(string))',
      b: 'nullable(bool)',
    });
    const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    const row = fc.tuple(
      bytes,
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
      fc.array(fc.option(fc.string({ unit: fc.constantFrom('a', "'", '\\', '"', '\n', '\t', ',', '[', 'é'.normalize()) }).map(fromText))),
      fc.option(fc.boolean()),
    );
    const both = formatNames.filter((name) => formatInfo(name).input && formatInfo(name).output && name !== 'RawBLOB');
    expect(both.length).toBeGreaterThan(8);
    for (const format of both) {
      fc.assert(
        fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
          const encoder = createResultEncoder(format, schema, options);
          const text = Buffer.concat([encoder.start(), encoder.encode(chunkOf(schema, rows)), encoder.end(statistics)]);
          const chunk = createTextReader(format, columnsOf(schema), { timezone: 'UTC' }).read(text);
          expect(rowsOf(schema, chunk)).toEqual(rows);
        }),
        { numRuns: 60 },
      );
    }
  });
});

describe('records', () => {
  it.each(['JSONEachRow', 'CSV', 'TSV'])('%s: what is encoded decodes to the same rows', (format) => {
    const rows = Array.from({ length: 600 }, (_, i) => [`x"\t\n${i}`, i % 3 === 0 ? null : i]);
    const { bytes, starts, ends } = createRecordEncoder(format, small, options).encode(chunkOf(small, rows));
    const decoder = createRecordDecoder(format, columnsOf(small), { timezone: 'UTC' });
    decoder.begin(bytes);
    for (let i = 0; i < rows.length; i++) expect(decoder.append(starts[i]!, ends[i]!)).toBe(true);
    expect(rowsOf(small, { rowCount: decoder.rowCount, columns: decoder.finish() })).toEqual(rows);
  });

  it('RawBLOB is the value itself, shared with the fetched bytes', () => {
    const schema = schemaOf({ raw: 'string' });
    const decoder = createRecordDecoder('RawBLOB', columnsOf(schema), { timezone: 'UTC' });
    const bytes = Buffer.from('{"a":1}\xff', 'latin1');
    decoder.begin(bytes);
    expect(decoder.append(0, bytes.length)).toBe(true);
    const [column] = decoder.finish();
    expect(valueAt(column!, { kind: 'string' }, 0)).toBe('{"a":1}\xff');
    expect((column as { bytes: Buffer }).bytes).toBe(bytes);
    expect(
      createRecordEncoder('RawBLOB', schema, options)
        .encode(chunkOf(schema, [['ab']]))
        .bytes.toString(),
    ).toBe('ab');
  });

  it('reads cells by the place of their field when only some columns are asked for', () => {
    const decoder = createRecordDecoder('CSV', columnsOf(small).slice(1), { timezone: 'UTC', fields: ['s', 'n'] });
    const line = Buffer.from('"a, b",7');
    decoder.begin(line);
    expect(decoder.append(0, line.length)).toBe(true);
    expect(valueAt(decoder.finish()[0]!, small[1]!.type, 0)).toBe(7);
  });

  it('counts a line with the wrong number of cells as undecodable', () => {
    const decoder = createRecordDecoder('CSV', columnsOf(small), { timezone: 'UTC' });
    const line = Buffer.from('a,1,2');
    decoder.begin(line);
    expect(decoder.append(0, line.length)).toBe(false);
    expect(decoder.failure.message).toBe('3 cells where 2 are expected');
  });
});

describe('names', () => {
  it('are found without regard to case, by alias too', () => {
    expect(formatInfo('tsv').name).toBe('TabSeparated');
    expect(formatInfo('jsoneachrow').name).toBe('JSONEachRow');
    expect(formatInfo('JSON')).toMatchObject({ needsWholeResult: true, input: false, output: true });
  });

  it('that are unknown are refused with the nearest', () => {
    expect(() => formatInfo('JSONEachRo')).toThrow(
      expect.objectContaining({ code: 'PLAN_FORMAT_UNKNOWN', hint: 'did you mean JSONEachRow?' }),
    );
    expect(() => createTextReader('PrettyCompact', [], { timezone: 'UTC' })).toThrow('the format PrettyCompact cannot be read');
    expect(() => createRecordDecoder('JSON', [], { timezone: 'UTC' })).toThrow('the format JSON cannot be the format of a stream');
  });
});
