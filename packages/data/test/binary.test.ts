import { MillraceError } from '@millrace/core';
import {
  BinaryReader,
  BinaryWriter,
  columnOf,
  type DataType,
  readColumn,
  readValue,
  type Value,
  valueAt,
  writeColumn,
  writeValue,
} from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyType, anyValue } from './arbitrary.ts';

const columns = anyType.chain((type) =>
  fc.record({ type: fc.constant(type), values: fc.array(anyValue(type), { maxLength: 20 }), from: fc.nat(3), to: fc.nat(3) }),
);

function written(write: (out: BinaryWriter) => void): Buffer {
  const out = new BinaryWriter();
  write(out);
  return Buffer.from(out.written());
}

/** What reading ends with: a value, or the code of the error. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof MillraceError) return error.code;
    throw error;
  }
}

function readAll(bytes: Buffer, type: DataType, count: number): Value[] {
  const reader = new BinaryReader(bytes);
  const column = readColumn(reader, type, count);
  reader.end();
  return Array.from({ length: count }, (_, row) => valueAt(column, type, row));
}

describe('columns and values as bytes', () => {
  it('come back as they were, of any type and any range of rows', () => {
    fc.assert(
      fc.property(columns, ({ type, values, from, to }) => {
        const [start, end] = [Math.min(from, values.length), Math.max(Math.min(from, values.length), values.length - to)];
        const bytes = written((out) => writeColumn(out, columnOf(type, values), type, start, end));
        expect(readAll(bytes, type, end - start)).toEqual(values.slice(start, end));
        for (const value of values) {
          const reader = new BinaryReader(written((out) => writeValue(out, value, type)));
          expect(readValue(reader, type)).toEqual(value);
          reader.end();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are refused when bytes are missing or too many, and never end otherwise when bits flip', () => {
    fc.assert(
      fc.property(columns, fc.nat(), fc.nat(7), ({ type, values }, place, bit) => {
        const bytes = written((out) => writeColumn(out, columnOf(type, values), type, 0, values.length));
        expect(outcome(() => readAll(Buffer.concat([bytes, Buffer.of(0)]), type, values.length))).toBe('STATE_INVALID');
        if (bytes.length === 0) return;
        expect(outcome(() => readAll(bytes.subarray(0, place % bytes.length), type, values.length))).toBe('STATE_INVALID');
        bytes[place % bytes.length]! ^= 1 << bit;
        const read = outcome(() => readAll(bytes, type, values.length));
        expect(read === 'STATE_INVALID' || read.length === values.length).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('counts, flags and lanes', () => {
  it('come back as they were', () => {
    const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
    const lanes = fc.record({
      counts: fc.array(count, { minLength: 9, maxLength: 9 }),
      floats: fc.array(fc.double(), { minLength: 9, maxLength: 9 }),
      bits: fc.oneof(
        fc.array(fc.nat(1), { minLength: 9, maxLength: 9 }),
        fc.nat(1).map((bit) => new Array<number>(9).fill(bit)),
      ),
      from: fc.nat(9),
    });
    fc.assert(
      fc.property(lanes, ({ counts, floats, bits, from }) => {
        const reader = new BinaryReader(
          written((out) => {
            out.counts(Float64Array.from(counts), from, 9);
            out.floats(Float64Array.from(floats), from, 9);
            out.flags(Uint8Array.from(bits), from, 9);
          }),
        );
        const into = { counts: new Float64Array(9), floats: new Float64Array(9), flags: new Uint8Array(9) };
        reader.counts(into.counts, from, 9);
        reader.floats(into.floats, from, 9);
        reader.flags(into.flags, from, 9);
        reader.end();
        expect([...into.counts].slice(from)).toEqual(counts.slice(from));
        expect([...into.floats].slice(from)).toEqual(floats.slice(from));
        expect([...into.flags].slice(from)).toEqual(bits.slice(from));
      }),
    );
  });

  it('make room as they go, and can be taken back', () => {
    const out = new BinaryWriter();
    out.text('kept');
    const size = out.size;
    out.span(Buffer.alloc(100_000), 0, 100_000);
    out.rewind(size);
    out.uint32(7);
    out.replaceUint32(size, 8);
    const reader = new BinaryReader(out.written());
    expect([reader.text(), reader.uint32()]).toEqual(['kept', 8]);
  });
});
