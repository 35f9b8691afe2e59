import type { ByteWriter } from './byte-writer.ts';
import type { Fields, ThriftType } from './types.ts';
import { wireCode } from './types.ts';

/** Writes a value in Thrift's binary protocol. Fields stand in the order of their definition; missing ones are left out. */
export function writeValue<T>(type: ThriftType<T>, value: T, out: ByteWriter): void {
  writers[type.kind](type, value as never, out);
}

const writers: { readonly [kind in ThriftType<unknown>['kind']]: (type: ThriftType<unknown>, value: never, out: ByteWriter) => void } = {
  bool: (_, value: boolean, out) => out.int8(value ? 1 : 0),
  int8: (_, value: number, out) => out.int8(value),
  int32: (_, value: number, out) => out.int32(value),
  int64: (_, value: bigint, out) => out.int64(value),
  string: (_, value: string, out) => out.string(value),
  binary: (_, value: Uint8Array, out) => out.binary(value),
  list: (type, value: readonly unknown[], out) => {
    out.int8(type.element!.code);
    out.int32(value.length);
    for (const element of value) writeValue(type.element!, element, out);
  },
  map: (type, value: ReadonlyMap<unknown, unknown>, out) => {
    out.int8(type.key!.code);
    out.int8(type.element!.code);
    out.int32(value.size);
    for (const [key, element] of value) {
      writeValue(type.key!, key, out);
      writeValue(type.element!, element, out);
    }
  },
  struct: (type, value: { readonly [name: string]: unknown }, out) => writeFields(type.fields!(), value, out),
};

function writeFields(fields: Fields, value: { readonly [name: string]: unknown }, out: ByteWriter): void {
  for (const [name, field] of Object.entries(fields)) {
    if (value[name] === undefined) continue;
    out.int8(field.type.code);
    out.int16(field.id);
    writeValue(field.type, value[name], out);
  }
  out.int8(wireCode.stop);
}
