import type { MillraceError } from '@millrace/core';
import {
  canCast,
  castColumn,
  castValue,
  columnOf,
  compareValues,
  formatFloat32,
  formatFloat64,
  formatValue,
  parseDataType,
  parseFloatText,
  parseValue,
  type Value,
  valueAt,
} from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyType, anyValue } from './arbitrary.ts';

const options = { timezone: 'UTC' };
const cast = (value: Value, from: string, to: string, timezone = 'UTC') =>
  castValue(value, parseDataType(from), parseDataType(to), { timezone });
const codeOf = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    return (error as MillraceError).code;
  }
  return 'no error';
};

describe('castValue', () => {
  it.each<[Value, string, string, Value]>([
    [300, 'int32', 'uint8', 44],
    [-1, 'int8', 'uint64', 18446744073709551615n],
    [18446744073709551615n, 'uint64', 'int32', -1],
    [4294967295, 'uint32', 'int32', -1],
    [-1.9, 'float64', 'int8', -1],
    [9007199254740993n, 'int64', 'string', '9007199254740993'],
    [0.1, 'float64', 'float32', Math.fround(0.1)],
    ['-12', 'string', 'int8', -12],
    ['1e3', 'string', 'float64', 1000],
    ['-inf', 'string', 'float64', -Infinity],
    ['TRUE', 'string', 'bool', true],
    [2, 'int8', 'bool', true],
    [true, 'bool', 'int64', 1n],
    [true, 'bool', 'string', 'true'],
    ['2026-01-01', 'string', 'date', 20454],
    ['2026-01-01 23:59:59', 'string', 'date', 20454],
    ['2026-01-01T00:00:00.123Z', 'string', 'datetime64(3)', 1767225600123],
    ['2026-01-01 00:00:00.123456789', 'string', 'datetime64(9)', 1767225600123456789n],
    ['1767225600', 'string', 'datetime', 1767225600],
    [1767225600, 'int32', 'datetime64(3)', 1767225600000],
    [1767225600.5, 'float64', 'datetime64(3)', 1767225600500],
    [1767225600123, 'datetime64(3)', 'datetime', 1767225600],
    [1767225600123, 'datetime64(3)', 'int64', 1767225600n],
    [1767225600500, 'datetime64(3)', 'float64', 1767225600.5],
    [-1500, 'datetime64(3)', 'datetime', -2],
    [20454, 'date', 'datetime64(6)', 1767225600000000],
    [1767225600123, 'datetime64(3)', 'string', '2026-01-01 00:00:00.123'],
    [20454, 'date', 'string', '2026-01-01'],
    ['abc\0', 'fixed_string(4)', 'string', 'abc'],
    ['ab', 'string', 'fixed_string(4)', 'ab\0\0'],
    ['off', 'string', "enum8('on' = 1, 'off' = 2)", 'off'],
    [2, 'int8', "enum8('on' = 1, 'off' = 2)", 'off'],
    ['off', "enum8('on' = 1, 'off' = 2)", 'int32', 2],
    ['61F0C404-5CB3-11E7-907B-A6006AD3DBA0', 'string', 'uuid', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
    ['2001:DB8:0:0:0:0:0:1', 'string', 'ipv6', '2001:db8::1'],
    ['10.0.0.1', 'ipv4', 'uint32', 167772161],
    [[1, 2], 'array(int8)', 'array(string)', ['1', '2']],
    ["['a', 'it\\'s']", 'string', 'array(string)', ['a', "it's"]],
    ["{'a': [1, NULL]}", 'string', 'map(string, array(nullable(int8)))', new Map([['a', [1, null]]])],
    ["(1, 'x')", 'string', 'tuple(int8, string)', [1, 'x']],
    [[['a', 1]], 'array(tuple(string, int8))', 'map(string, int64)', new Map([['a', 1n]])],
    [null, 'nullable(int8)', 'nullable(string)', null],
    [5, 'int8', 'nullable(float64)', 5],
    ['{"a":1}', 'string', 'json', '{"a":1}'],
  ])('turns %s of %s into %s', (value, from, to, expected) => {
    expect(cast(value, from, to)).toEqual(expected);
  });

  it.each<[Value, string, string]>([
    ['12x', 'string', 'int8'],
    ['', 'string', 'int8'],
    [' 1', 'string', 'int8'],
    ['128', 'string', 'int8'],
    ['1.0', 'string', 'int64'],
    ['abc', 'string', 'float64'],
    ['maybe', 'string', 'bool'],
    [Number.NaN, 'float64', 'int32'],
    [128, 'float64', 'int8'],
    [2 ** 63, 'float64', 'int64'],
    ['2026-02-29', 'string', 'date'],
    ['2026-01-01 24:00:00', 'string', 'datetime'],
    ['abcde', 'string', 'fixed_string(4)'],
    ['up', 'string', "enum8('on' = 1)"],
    [3, 'int8', "enum8('on' = 1)"],
    ['not-a-uuid', 'string', 'uuid'],
    ['256.0.0.1', 'string', 'ipv4'],
    ['1::2::3', 'string', 'ipv6'],
    ['[1, 2', 'string', 'array(int8)'],
    ['[1, x]', 'string', 'array(int8)'],
    ["{'a' 1}", 'string', 'map(string, int8)'],
    ['(1)', 'string', 'tuple(int8, int8)'],
    ['{a', 'string', 'json'],
    [null, 'nullable(int8)', 'int8'],
    [1e15, 'float64', 'datetime'],
    ['2262-04-12 00:00:00', 'string', 'datetime64(9)'],
    [Date.UTC(2270, 0, 1), 'datetime64(3)', 'datetime64(9)'],
  ])('refuses %s of %s as %s', (value, from, to) => {
    expect(codeOf(() => cast(value, from, to))).toBe('DATA_CAST_FAILED');
  });

  it('names the value, the type and the range', () => {
    expect(() => cast('300', 'string', 'int8')).toThrow("cannot convert '300' to int8: it goes from -128 to 127");
  });

  it('reads and shows local times in the zone of the type, else of the server', () => {
    expect(cast('2026-07-01 00:00:00', 'string', "datetime('Europe/London')")).toBe(Date.UTC(2026, 5, 30, 23) / 1000);
    expect(cast('2026-07-01 00:00:00', 'string', 'datetime', 'Asia/Kolkata')).toBe(Date.UTC(2026, 5, 30, 18, 30) / 1000);
    expect(cast(0, "datetime64(3, 'Asia/Kolkata')", 'string')).toBe('1970-01-01 05:30:00.000');
    expect(cast(1767223800, 'datetime', 'date', 'Asia/Kolkata')).toBe(20454);
  });

  it('refuses types between which nothing converts, as canCast says', () => {
    expect(codeOf(() => cast(1, 'int8', 'array(int8)'))).toBe('PLAN_TYPE_MISMATCH');
    expect(canCast(parseDataType('int8'), parseDataType('array(int8)'))).toBe(false);
    expect(canCast(parseDataType('array(int8)'), parseDataType('array(uuid)'))).toBe(false);
    expect(canCast(parseDataType('array(string)'), parseDataType('array(uuid)'))).toBe(true);
  });

  it('reads what formatValue writes, for every type', () => {
    fc.assert(
      fc.property(
        // A NULL string and the string NULL look alike, except inside composites.
        anyType.filter((type) => type.kind !== 'nullable').chain((type) => fc.tuple(fc.constant(type), anyValue(type))),
        ([type, value]) => {
          const text = formatValue(value, type, options);
          const back = parseValue(text, type, options);
          expect(formatValue(back, type, options)).toBe(text);
          if (!text.includes('-0')) expect(back).toEqual(value);
        },
      ),
    );
  });

  it('wraps integers as the machine does', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (value) => {
        for (const bits of [8, 16, 32, 64]) {
          expect(BigInt(cast(value, 'int64', `int${bits}`) as number)).toBe(BigInt.asIntN(bits, value));
          expect(BigInt(cast(value, 'int64', `uint${bits}`) as number)).toBe(BigInt.asUintN(bits, value));
        }
      }),
    );
  });
});

describe('castColumn', () => {
  const types = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float32', 'float64', 'bool', 'string'];
  const times = ['datetime', 'datetime64(3)', 'datetime64(6)', 'datetime64(9)', 'date'];
  const pairs = fc.oneof(
    fc.tuple(fc.constantFrom(...types.slice(0, -1)), fc.constantFrom(...types)),
    fc.tuple(fc.constantFrom(...times), fc.constantFrom(...times)),
  );
  const cases = pairs.chain(([from, to]) =>
    fc.tuple(fc.constant(from), fc.constant(to), fc.boolean(), fc.array(anyValue(parseDataType(from)))),
  );

  it('gives each row what castValue gives its value', () => {
    fc.assert(
      fc.property(cases, ([fromText, toText, nullable, values]) => {
        const wrap = (text: string) => parseDataType(nullable ? `nullable(${text})` : text);
        const [from, to] = [wrap(fromText), wrap(toText)];
        const rows = values.map((value, i) => (nullable && i % 3 === 0 ? null : value));
        const expected = () => rows.map((value) => castValue(value, from, to, options));
        const actual = () => {
          const column = castColumn(columnOf(from, rows), from, to, rows.length, options);
          return rows.map((_, row) => valueAt(column, to, row));
        };
        const failure = codeOf(expected);
        if (failure !== 'no error') expect(codeOf(actual)).toBe(failure);
        else expect(actual().map(plain)).toEqual(expected().map(plain));
      }),
      { numRuns: 500 },
    );
  });

  it('reads date-times straight from the bytes of strings', () => {
    const from = parseDataType('nullable(string)');
    const to = parseDataType("nullable(datetime64(3, 'Asia/Kolkata'))");
    const texts = ['2026-01-01 05:30:00.5', null, '2026-01-01T00:00:00Z', '0'];
    const column = castColumn(columnOf(from, texts), from, to, 4, options);
    expect(texts.map((_, row) => valueAt(column, to, row))).toEqual([1767225600500, null, 1767225600000, 0]);
    const bad = columnOf(from, ['2026-02-30 00:00:00']);
    expect(() => castColumn(bad, from, to, 1, options)).toThrow("cannot convert '2026-02-30 00:00:00' to datetime64(3, 'Asia/Kolkata')");
  });

  it('refuses NULL where the target has none', () => {
    const column = columnOf(parseDataType('nullable(int8)'), [1, null]);
    expect(codeOf(() => castColumn(column, parseDataType('nullable(int8)'), { kind: 'int8' }, 2, options))).toBe('DATA_CAST_FAILED');
    expect(castColumn(column, parseDataType('nullable(int8)'), { kind: 'int8' }, 1, options)).toBe(column);
  });
});

function plain(value: Value): Value {
  return value === 0 ? 0 : value;
}

describe('numbers as text', () => {
  it.each([
    [Math.fround(0.1), '0.1'],
    [Math.fround(16777216), '16777216'],
    [Math.fround(3.4028234663852886e38), '3.4028235e38'],
    [Math.fround(1.17549435e-38), '1.1754944e-38'],
    [-0, '-0'],
    [Number.NaN, 'nan'],
  ])('float32 %s is %s', (value, text) => {
    expect(formatFloat32(value)).toBe(text);
  });

  it('read back as the same float, in the fewest digits for float32', () => {
    fc.assert(
      fc.property(fc.float(), fc.double(), (single, double) => {
        expect(parseFloatText(formatFloat64(double))).toBe(double);
        const text = formatFloat32(single);
        expect(Math.fround(parseFloatText(text)!)).toBe(single);
        const digits = text.replace(/e.*/, '').replaceAll(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
        if (Number.isFinite(single) && digits > 1) expect(Math.fround(Number(single.toPrecision(digits - 1)))).not.toBe(single);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('compareValues', () => {
  it.each<[string, Value[]]>([
    ['nullable(float64)', [-Infinity, -1.5, 0, 2, Infinity, Number.NaN, null]],
    ['uint64', [0n, 1n, 18446744073709551615n]],
    ['string', ['', 'a', 'ab', 'b', '\xc3\xa9']],
    ['bool', [false, true]],
    ["enum8('z' = 1, 'a' = 2)", ['z', 'a']],
    ['ipv4', ['9.0.0.1', '10.0.0.1']],
    ['ipv6', ['::1', '2::', '10::']],
    ['array(nullable(int8))', [[], [1], [1, 2], [1, null], [2]]],
    [
      'tuple(string, int8)',
      [
        ['a', 2],
        ['b', 1],
      ],
    ],
    ['map(string, int8)', [new Map(), new Map([['a', 1]]), new Map([['a', 2]])]],
  ])('orders values of %s', (text, values) => {
    const type = parseDataType(text);
    for (const [i, a] of values.entries())
      for (const [j, b] of values.entries()) expect(Math.sign(compareValues(a, b, type))).toBe(Math.sign(i - j));
  });
});

describe('a cast with exactIntegers', () => {
  const exact = (value: Value, from: string, to: string) =>
    castValue(value, parseDataType(from), parseDataType(to), { timezone: 'UTC', exactIntegers: true });

  it.each([
    [127, 'uint8', 'int8', 127],
    [-128, 'int16', 'int8', -128],
    [3, 'float64', 'int8', 3],
    [2 ** 53, 'float64', 'int64', 9007199254740992n],
    [18446744073709551615n, 'uint64', 'uint64', 18446744073709551615n],
    [5n, 'int64', 'uint8', 5],
    [5, 'uint8', 'uint64', 5n],
    [null, 'nullable(int16)', 'nullable(int8)', null],
    [[1, 2], 'array(uint16)', 'array(uint8)', [1, 2]],
  ] as const)('keeps %s of %s as %s', (value, from, to, expected) => {
    expect(exact(value, from, to)).toEqual(expected);
  });

  it.each([
    [128, 'uint8', 'int8', 'cannot convert 128 to int8: it goes from -128 to 127'],
    [-1, 'int8', 'uint64', 'cannot convert -1 to uint64: it goes from 0 to 18446744073709551615'],
    [9223372036854775808n, 'uint64', 'int64', 'cannot convert 9223372036854775808 to int64: it goes from -9223372036854775808 to'],
    [1.5, 'float64', 'int32', 'cannot convert 1.5 to int32: it is no integer'],
    [Number.NaN, 'float64', 'int32', 'cannot convert NaN to int32: it is no integer'],
    [2 ** 63, 'float64', 'int64', 'cannot convert 9223372036854776000 to int64: it goes from'],
    [[1, 300], 'array(uint16)', 'array(uint8)', 'cannot convert 300 to uint8: it goes from 0 to 255'],
  ] as const)('refuses %s of %s as %s', (value, from, to, message) => {
    expect(() => exact(value, from, to)).toThrow(message);
  });

  it('goes for columns too', () => {
    const column = columnOf({ kind: 'int32' }, [1, 300]);
    expect(() => castColumn(column, { kind: 'int32' }, { kind: 'int8' }, 2, { timezone: 'UTC', exactIntegers: true })).toThrow('300');
    expect(castColumn(column, { kind: 'int32' }, { kind: 'int8' }, 2, { timezone: 'UTC' })).toMatchObject({ kind: 'number' });
  });
});
