import { MillraceError } from '@millrace/core';
import {
  commonType,
  comparisonType,
  type DataType,
  formatDataType,
  integerRange,
  isInteger,
  isNullable,
  isNumeric,
  makeNullable,
  parseDataType,
  removeNullable,
  sameType,
} from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyType } from './arbitrary.ts';

function failure(text: string): MillraceError {
  try {
    parseDataType(text);
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error(`${text} was read as a type`);
}

describe('parseDataType', () => {
  it.each([
    ['String', 'string'],
    ['Float32', 'float32'],
    ['DateTime64(3)', 'datetime64(3)'],
    ['datetime64', 'datetime64(3)'],
    ["DateTime64(6, 'Europe/London')", "datetime64(6, 'Europe/London')"],
    ["datetime('UTC')", "datetime('UTC')"],
    ['int', 'int32'],
    ['BIGINT', 'int64'],
    ['float', 'float32'],
    ['double', 'float64'],
    ['boolean', 'bool'],
    ['LowCardinality(Nullable(String))', 'nullable(string)'],
    ['low_cardinality(string)', 'string'],
    ['FixedString(16)', 'fixed_string(16)'],
    ['Array( Array(UInt8) )', 'array(array(uint8))'],
    ['map(string,int)', 'map(string, int32)'],
    ['Tuple(a Int32, b String)', 'tuple(a int32, b string)'],
    ['tuple(int8, string)', 'tuple(int8, string)'],
    ['Nested(x int8, y string)', 'array(tuple(x int8, y string))'],
    ["enum('a', 'b' = 5, 'c')", "enum8('a' = 1, 'b' = 5, 'c' = 6)"],
    ["enum('a' = 1000)", "enum16('a' = 1000)"],
    ["Enum8('it''s' = -1)", "enum8('it\\'s' = -1)"],
    ['IPv4', 'ipv4'],
    ['uuid', 'uuid'],
    ['interval_day', 'interval_day'],
  ])('reads %s as %s', (text, expected) => {
    expect(formatDataType(parseDataType(text))).toBe(expected);
  });

  it('names the nearest type for one it does not know', () => {
    expect(failure('Strin')).toMatchObject({ code: 'PLAN_TYPE_UNKNOWN', hint: 'did you mean string?' });
    expect(failure('array(flaot64)')).toMatchObject({ code: 'PLAN_TYPE_UNKNOWN', hint: 'did you mean float64?' });
  });

  it('says that decimals and wider integers are not supported', () => {
    for (const text of ['decimal(10, 2)', 'Decimal64(3)', 'int128', 'UInt256']) expect(failure(text).code).toBe('NOT_SUPPORTED');
  });

  it('refuses parameters that a type cannot have', () => {
    for (const text of [
      'datetime64(10)',
      'fixed_string(0)',
      'nullable(nullable(int8))',
      "enum8('a' = 200)",
      "enum('a' = 1, 'b' = 1)",
      'int8(3)',
    ]) {
      expect(failure(text).code).toBe('PLAN_ARGUMENT_INVALID');
    }
  });

  it('refuses what is not whole', () => {
    for (const text of ['', 'array(', 'array(int8', 'int8)', 'map(string)', 'tuple()', 'int8 int8', 'array(int8;)']) {
      expect(failure(text).code).toBe('PLAN_TYPE_UNKNOWN');
    }
  });

  it('refuses types that are nested without end', () => {
    expect(failure(`${'array('.repeat(5000)}int8${')'.repeat(5000)}`).code).toBe('PLAN_ARGUMENT_INVALID');
  });

  it('reads what formatDataType writes', () => {
    fc.assert(fc.property(anyType, (type) => sameType(parseDataType(formatDataType(type)), type)));
  });
});

describe('type predicates', () => {
  it('look through nullable', () => {
    expect(isInteger(parseDataType('nullable(uint16)'))).toBe(true);
    expect(isNumeric(parseDataType('bool'))).toBe(false);
    expect(isNullable(makeNullable(makeNullable({ kind: 'int8' })))).toBe(true);
    expect(removeNullable(makeNullable({ kind: 'int8' }))).toEqual({ kind: 'int8' });
  });

  it('integerRange gives both ends', () => {
    expect(integerRange({ kind: 'int8' })).toEqual({ min: -128n, max: 127n });
    expect(integerRange({ kind: 'uint64' })).toEqual({ min: 0n, max: 18446744073709551615n });
    expect(() => integerRange({ kind: 'bool' })).toThrow(MillraceError);
  });
});

describe('commonType', () => {
  const common = (...texts: string[]) => {
    const type = commonType(texts.map(parseDataType));
    return type && formatDataType(type);
  };

  it.each([
    [['int8', 'int32'], 'int32'],
    [['uint8', 'int8'], 'int16'],
    [['uint32', 'int8'], 'int64'],
    [['uint64', 'int8'], null],
    [['uint8', 'uint64'], 'uint64'],
    [['int16', 'float32'], 'float32'],
    [['int32', 'float32'], 'float64'],
    [['int64', 'float64'], 'float64'],
    [['bool', 'int8'], 'int8'],
    [['nullable(nothing)', 'int8'], 'nullable(int8)'],
    [['nullable(int8)', 'uint8'], 'nullable(int16)'],
    [['date', 'datetime'], 'datetime'],
    [["datetime('UTC')", 'datetime64(6)'], "datetime64(6, 'UTC')"],
    [['datetime64(3)', 'datetime64(6)'], 'datetime64(6)'],
    [['string', 'fixed_string(3)'], 'string'],
    [['string', 'int8'], null],
    [['array(nothing)', 'array(int8)'], 'array(int8)'],
    [['array(int8)', 'array(uint8)'], 'array(int16)'],
    [['map(string, int8)', 'map(string, int64)'], 'map(string, int64)'],
    [['tuple(a int8, b string)', 'tuple(a int16, c string)'], 'tuple(a int16, string)'],
    [['tuple(int8)', 'tuple(int8, int8)'], null],
    [['uuid', 'uuid'], 'uuid'],
    [[], 'nothing'],
  ])('of %j is %s', (texts, expected) => {
    expect(common(...texts)).toBe(expected);
  });

  it('does not depend on the order of the types', () => {
    fc.assert(
      fc.property(anyType, anyType, (a, b) => {
        const [left, right] = [commonType([a, b]), commonType([b, a])];
        expect(left === null).toBe(right === null);
        if (left !== null && right !== null) expect(withoutZones(left)).toBe(withoutZones(right));
      }),
    );
  });

  it('comparisonType reads a string as the type beside it', () => {
    expect(comparisonType({ kind: 'string' }, parseDataType('nullable(date)'))).toEqual(parseDataType('nullable(date)'));
    expect(comparisonType(parseDataType('uint64'), parseDataType('int8'))).toEqual({ kind: 'int64' });
    expect(comparisonType({ kind: 'string' }, { kind: 'int8' })).toBeNull();
  });
});

function withoutZones(type: DataType): string {
  return formatDataType(type).replaceAll(/, '[^']*'|\('[^']*'\)/g, '');
}
