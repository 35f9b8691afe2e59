import {
  chunkFromMessage,
  chunkSizeBytes,
  chunkToMessage,
  columnOf,
  concatColumns,
  constantColumn,
  createColumnBuilder,
  type DataType,
  defaultValue,
  fromText,
  gather,
  isNullAt,
  parseDataType,
  sliceColumn,
  toText,
  type Value,
  valueAt,
  valueReader,
  withNulls,
} from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyType, anyValue } from './arbitrary.ts';

const typedValues = anyType.chain((type) =>
  fc.tuple(fc.constant(type), fc.array(fc.option(anyValue(type), { nil: null }), { maxLength: 20 })),
);

function valuesOf(column: ReturnType<typeof columnOf>, type: DataType, rowCount: number): Value[] {
  return Array.from({ length: rowCount }, (_, row) => valueAt(column, type, row));
}

describe('byte strings', () => {
  it('hold one char for each byte of the UTF-8 text', () => {
    expect(fromText('é')).toBe('\xc3\xa9');
    expect(toText('\xc3\xa9')).toBe('é');
    expect(toText('\xff')).toBe('\ufffd');
  });

  it('give every text back', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => toText(fromText(text)) === text));
  });
});

describe('columns', () => {
  it('give back the values they are made of', () => {
    fc.assert(
      fc.property(typedValues, ([type, values]) => {
        const column = columnOf(type, values);
        expect(valuesOf(column, type, values.length)).toEqual(values);
        expect(values.map((_, row) => valueReader(column, type)(row))).toEqual(values);
        expect(values.map((_, row) => isNullAt(column, row))).toEqual(values.map((value) => value === null));
      }),
    );
  });

  it('are gathered, sliced, concatenated and nulled as arrays of values would be', () => {
    fc.assert(
      fc.property(typedValues, fc.array(fc.nat()), fc.nat(), fc.nat(), ([type, values], picks, a, b) => {
        const column = columnOf(type, values);
        if (values.length === 0) return;
        const rows = picks.map((pick) => pick % values.length);
        expect(valuesOf(gather(column, Int32Array.from(rows), rows.length), type, rows.length)).toEqual(rows.map((row) => values[row]));
        const [start, end] = [a % values.length, b % values.length].sort((x, y) => x - y) as [number, number];
        const slice = sliceColumn(column, start, end);
        expect(valuesOf(slice, type, end - start)).toEqual(values.slice(start, end));
        const both = concatColumns([
          { column: slice, rowCount: end - start },
          { column, rowCount: values.length },
        ]);
        expect(valuesOf(both, type, end - start + values.length)).toEqual([...values.slice(start, end), ...values]);
        const nulled = withNulls(
          column,
          Uint8Array.from(values, (_, row) => row % 2),
          values.length,
        );
        expect(valuesOf(nulled, type, values.length)).toEqual(values.map((value, row) => (row % 2 === 1 ? null : value)));
      }),
    );
  });

  it('cross a thread border and keep their values', () => {
    fc.assert(
      fc.property(typedValues, ([type, values]) => {
        const chunk = { rowCount: values.length, columns: [columnOf(type, values)] };
        const { message, transfer } = chunkToMessage(chunk);
        const arrived = chunkFromMessage(structuredClone(message, { transfer }));
        expect(valuesOf(arrived.columns[0]!, type, values.length)).toEqual(values);
        expect(valuesOf(chunk.columns[0]!, type, values.length)).toEqual(values);
      }),
    );
  });

  it('may hold one value in every row', () => {
    fc.assert(
      fc.property(
        anyType.chain((type) => fc.tuple(fc.constant(type), anyValue(type))),
        ([type, value]) => {
          expect(valuesOf(constantColumn(type, value, 3), type, 3)).toEqual([value, value, value]);
        },
      ),
    );
  });

  it('count their bytes', () => {
    const chunk = { rowCount: 2, columns: [columnOf({ kind: 'string' }, ['abc', 'de']), columnOf({ kind: 'int8' }, [1, 2])] };
    expect(chunkSizeBytes(chunk)).toBe(16 + 5 + 16);
  });
});

describe('a column builder', () => {
  it('starts anew with lanes of its own after finish', () => {
    const builder = createColumnBuilder({ kind: 'string' }, 1);
    for (const value of ['one', null, 'three']) builder.append(value);
    const first = builder.finish();
    builder.append('x');
    const second = builder.finish();
    expect(valuesOf(first, { kind: 'string' }, 3)).toEqual(['one', null, 'three']);
    expect(valuesOf(second, { kind: 'string' }, 1)).toEqual(['x']);
  });

  it('copies spans of bytes and rows of other columns', () => {
    const type = parseDataType('nullable(string)');
    const builder = createColumnBuilder(type);
    const long = 'long '.repeat(20);
    builder.appendBytes(Buffer.from(`__ab${long}`), 2, 4);
    builder.appendBytes(Buffer.from(long), 0, long.length);
    const source = columnOf(type, ['row', null]);
    builder.appendFrom(source, 0);
    builder.appendFrom(source, 1);
    expect(builder.length).toBe(4);
    expect(valuesOf(builder.finish(), type, 4)).toEqual(['ab', long, 'row', null]);
  });

  it('refuses bytes where numbers are kept', () => {
    expect(() => createColumnBuilder({ kind: 'int8' }).appendBytes(Buffer.from('1'), 0, 1)).toThrow('int8');
  });
});

describe('defaultValue', () => {
  it.each([
    ['int8', 0],
    ['uint64', 0n],
    ['string', ''],
    ['bool', false],
    ['nullable(int8)', null],
    ['fixed_string(2)', '\0\0'],
    ['array(int8)', []],
    ['tuple(int8, string)', [0, '']],
    ["enum8('b' = 2, 'a' = 1)", 'a'],
    ['datetime64(9)', 0n],
    ['ipv4', '0.0.0.0'],
  ])('of %s is fixed', (text, expected) => {
    expect(defaultValue(parseDataType(text))).toEqual(expected);
  });
});
