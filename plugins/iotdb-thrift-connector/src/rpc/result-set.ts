import { ByteReader } from '../thrift/byte-reader.ts';
import { ByteWriter } from '../thrift/byte-writer.ts';
import { ThriftError } from '../thrift/thrift-error.ts';
import type { ValueOf } from '../thrift/types.ts';
import { type CellValue, type DataType, isDataType } from './data-type.ts';
import type { queryDataSet } from './structs.ts';
import { decodeTimes, encodeTimes, type TabletColumn } from './tablet.ts';
import { readCell, writeCell } from './values.ts';

type QueryDataSet = ValueOf<typeof queryDataSet>;

/** Rows as `executeStatement` answers: times, and of each column its values without NULLs beside a bit map of where they stand. */
export function encodeResultSet(times: readonly bigint[], columns: readonly Pick<TabletColumn, 'type' | 'values'>[]): QueryDataSet {
  return {
    time: encodeTimes(times),
    values: columns.map(({ type, values }) => {
      const out = new ByteWriter();
      for (const value of values) if (value !== null) writeCell(type, out, value);
      return out.finish();
    }),
    bitmaps: columns.map(({ values }) => presentBits(values)),
  };
}

function presentBits(values: readonly (CellValue | null)[]): Buffer {
  const bits = Buffer.alloc((values.length + 7) >> 3);
  values.forEach((value, row) => {
    if (value !== null) bits[row >> 3]! |= 0x80 >> (row & 7);
  });
  return bits;
}

/** @throws {ThriftError} for unknown types and values that are missing */
export function decodeResultSet(set: QueryDataSet, types: readonly string[]): { times: bigint[]; columns: (CellValue | null)[][] } {
  const times = decodeTimes(set.time);
  const columns = types.map((name, i) => {
    if (!isDataType(name)) throw new ThriftError(`a column of the unknown type ${name}`);
    return decodeColumn(name, times.length, set.values[i]!, set.bitmaps[i]!);
  });
  return { times, columns };
}

function decodeColumn(type: DataType, rowCount: number, values: Buffer, bits: Buffer): (CellValue | null)[] {
  const from = new ByteReader(values);
  return Array.from({ length: rowCount }, (_, row) => (bits[row >> 3]! & (0x80 >> (row & 7)) ? readCell(type, from) : null));
}
