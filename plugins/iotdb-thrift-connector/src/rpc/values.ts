import type { ByteReader } from '../thrift/byte-reader.ts';
import type { ByteWriter } from '../thrift/byte-writer.ts';
import type { CellValue, DataType } from './data-type.ts';

interface ValueCodec {
  readonly write: (out: ByteWriter, value: never) => void;
  readonly read: (from: ByteReader) => CellValue;
}

const bytes: ValueCodec = { write: (out, value: Uint8Array) => out.binary(value), read: (from) => from.binary() };
const int32: ValueCodec = { write: (out, value: number) => out.int32(value), read: (from) => from.int32() };
const int64: ValueCodec = { write: (out, value: bigint) => out.int64(value), read: (from) => from.int64() };

const codecs: { readonly [type in DataType]: ValueCodec } = {
  BOOLEAN: { write: (out, value: boolean | number) => out.int8(value ? 1 : 0), read: (from) => from.int8() !== 0 },
  INT32: int32,
  INT64: int64,
  FLOAT: { write: (out, value: number) => out.float(value), read: (from) => from.float() },
  DOUBLE: { write: (out, value: number) => out.double(value), read: (from) => from.double() },
  TEXT: bytes,
  TIMESTAMP: int64,
  DATE: int32,
  BLOB: bytes,
  STRING: bytes,
};

/** Writes a value of the type, as it stands in tablets, records and result sets alike. */
export function writeCell(type: DataType, out: ByteWriter, value: CellValue): void {
  codecs[type].write(out, value as never);
}

export function readCell(type: DataType, from: ByteReader): CellValue {
  return codecs[type].read(from);
}

const emptyText = Buffer.alloc(0);
const placeholders: { readonly [type in DataType]: CellValue } = {
  BOOLEAN: false,
  INT32: -(2 ** 31),
  INT64: -(2n ** 63n),
  FLOAT: 2 ** -149,
  DOUBLE: Number.MIN_VALUE,
  TEXT: emptyText,
  TIMESTAMP: -(2n ** 63n),
  DATE: 1000_01_01,
  BLOB: emptyText,
  STRING: emptyText,
};

/** What stands where a value of the type is NULL, as IoTDB's own client has it. Any value would do, though a DATE has to be one. */
export function placeholder(type: DataType): CellValue {
  return placeholders[type];
}
