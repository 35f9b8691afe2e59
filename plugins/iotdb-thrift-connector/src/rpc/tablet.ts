import { ByteReader } from '../thrift/byte-reader.ts';
import { ByteWriter } from '../thrift/byte-writer.ts';
import { ThriftError } from '../thrift/thrift-error.ts';
import type { CellValue, DataType } from './data-type.ts';
import { placeholder, readCell, writeCell } from './values.ts';

/** One measurement of a device: a value or NULL in each row. */
export interface TabletColumn {
  readonly measurement: string;
  readonly type: DataType;
  readonly values: readonly (CellValue | null)[];
}

/** Rows of one device. */
export interface Tablet {
  /** As a path: `root.db.d`. */
  readonly device: string;
  /** In the server's precision. */
  readonly times: readonly bigint[];
  readonly columns: readonly TabletColumn[];
}

/** Column after column the values of all rows; then, only if there is a NULL, of each column whether it has one, and where. */
export function encodeTabletValues(columns: readonly TabletColumn[]): Buffer {
  const out = new ByteWriter(columns.length * 8 * ((columns[0]?.values.length ?? 0) + 1));
  for (const { type, values } of columns) {
    const absent = placeholder(type);
    for (const value of values) writeCell(type, out, value ?? absent);
  }
  if (columns.some(({ values }) => values.includes(null))) for (const { values } of columns) writeNulls(values, out);
  return out.finish();
}

function writeNulls(values: readonly (CellValue | null)[], out: ByteWriter): void {
  const hasNull = values.includes(null);
  out.int8(hasNull ? 1 : 0);
  if (!hasNull) return;
  // One byte more than needed where the rows are a multiple of 8: IoTDB wants it so. Bits of rows that are not there are set.
  const bits = new Uint8Array((values.length >> 3) + 1).fill(0xff);
  values.forEach((value, row) => {
    if (value !== null) bits[row >> 3]! &= ~(1 << (row & 7));
  });
  out.bytes(bits);
}

/** @throws {ThriftError} if the buffer does not hold so many rows */
export function decodeTabletValues(
  columns: readonly { readonly measurement: string; readonly type: DataType }[],
  rowCount: number,
  buffer: Buffer,
): TabletColumn[] {
  const from = new ByteReader(buffer);
  if (rowCount < 0 || rowCount > buffer.length) throw new ThriftError(`${rowCount} rows in ${buffer.length} bytes`);
  const lanes = columns.map(({ type }) => Array.from({ length: rowCount }, (): CellValue | null => readCell(type, from)));
  if (from.remaining > 0) for (const lane of lanes) readNulls(lane, from);
  return columns.map((column, i) => ({ ...column, values: lanes[i]! }));
}

function readNulls(lane: (CellValue | null)[], from: ByteReader): void {
  if (from.int8() === 0) return;
  const bits = from.bytes((lane.length >> 3) + 1);
  for (let row = 0; row < lane.length; row++) if (bits[row >> 3]! & (1 << (row & 7))) lane[row] = null;
}

export function encodeTimes(times: readonly bigint[]): Buffer {
  const buffer = Buffer.allocUnsafe(times.length * 8);
  times.forEach((time, row) => {
    buffer.writeBigInt64BE(time, row * 8);
  });
  return buffer;
}

export function decodeTimes(buffer: Buffer): bigint[] {
  return Array.from({ length: buffer.length >> 3 }, (_, row) => buffer.readBigInt64BE(row * 8));
}
