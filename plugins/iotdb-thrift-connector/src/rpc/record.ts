import { ByteReader } from '../thrift/byte-reader.ts';
import { ByteWriter } from '../thrift/byte-writer.ts';
import { ThriftError } from '../thrift/thrift-error.ts';
import { type CellValue, type DataType, dataTypeOf, dataTypes } from './data-type.ts';
import { readCell, writeCell } from './values.ts';

/** A value that says its type. */
export interface TypedValue {
  readonly type: DataType;
  readonly value: CellValue;
}

/** The values of one row, each after its type. NULL has no place here: it is left out together with its measurement. */
export function encodeRecord(values: readonly TypedValue[]): Buffer {
  const out = new ByteWriter(values.length * 9);
  for (const { type, value } of values) {
    out.int8(dataTypes[type]);
    writeCell(type, out, value);
  }
  return out.finish();
}

/** @throws {ThriftError} for an unknown type, and at the end of the buffer */
export function decodeRecord(count: number, buffer: Buffer): TypedValue[] {
  const from = new ByteReader(buffer);
  return Array.from({ length: count }, () => {
    const code = from.int8();
    const type = dataTypeOf(code);
    if (type === undefined) throw new ThriftError(`a value of the unknown type ${code}`);
    return { type, value: readCell(type, from) };
  });
}
