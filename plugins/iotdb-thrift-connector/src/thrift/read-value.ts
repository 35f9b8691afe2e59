import type { ByteReader } from './byte-reader.ts';
import { ThriftError } from './thrift-error.ts';
import type { ThriftType } from './types.ts';
import { wireCode } from './types.ts';

/** Deeper than any struct of IoTDB; what nests further is meant to exhaust the stack. */
const depthMax = 64;

/**
 * Reads a value in Thrift's binary protocol. Fields that the definition does not know are passed over.
 * @throws {ThriftError} if bytes are missing, a field has another type than the definition says, or a required one is not there
 */
export function readValue<T>(type: ThriftType<T>, from: ByteReader, depth = 0): T {
  if (depth > depthMax) throw new ThriftError(`values nested more than ${depthMax} deep`);
  return readers[type.kind](type, from, depth) as T;
}

const readers: { readonly [kind in ThriftType<unknown>['kind']]: (type: ThriftType<unknown>, from: ByteReader, depth: number) => unknown } =
  {
    bool: (_, from) => from.int8() !== 0,
    int8: (_, from) => from.int8(),
    int32: (_, from) => from.int32(),
    int64: (_, from) => from.int64(),
    string: (_, from) => from.string(),
    binary: (_, from) => from.binary(),
    list: (type, from, depth) => {
      const code = from.int8();
      const count = from.count();
      if (count > 0) expectCode(type.element!, code, 'a list');
      return Array.from({ length: count }, () => readValue(type.element!, from, depth + 1));
    },
    map: (type, from, depth) => {
      const [keyCode, elementCode] = [from.int8(), from.int8()];
      const count = from.count();
      const entries = new Map<unknown, unknown>();
      if (count === 0) return entries;
      expectCode(type.key!, keyCode, 'keys of a map');
      expectCode(type.element!, elementCode, 'a map');
      for (let i = 0; i < count; i++) entries.set(readValue(type.key!, from, depth + 1), readValue(type.element!, from, depth + 1));
      return entries;
    },
    struct: readFields,
  };

function readFields(type: ThriftType<unknown>, from: ByteReader, depth: number): unknown {
  const fields = Object.entries(type.fields!());
  const value: { [name: string]: unknown } = {};
  for (let code = from.int8(); code !== wireCode.stop; code = from.int8()) {
    const id = from.int16();
    const known = fields.find(([, field]) => field.id === id);
    if (known === undefined) {
      skipValue(code, from, depth + 1);
    } else {
      expectCode(known[1].type, code, `${type.name}.${known[0]}`);
      value[known[0]] = readValue(known[1].type, from, depth + 1);
    }
  }
  const missing = fields.find(([name, field]) => !field.isOptional && value[name] === undefined);
  if (missing) throw new ThriftError(`${type.name} without its field ${missing[1].id} (${missing[0]})`);
  return value;
}

function expectCode(type: ThriftType<unknown>, code: number, where: string): void {
  if (code !== type.code) throw new ThriftError(`type ${code} in ${where}, where ${type.kind} (${type.code}) is expected`);
}

const fixedSizes: { readonly [code: number]: number } = {
  [wireCode.bool]: 1,
  [wireCode.int8]: 1,
  [wireCode.double]: 8,
  [wireCode.int16]: 2,
  [wireCode.int32]: 4,
  [wireCode.int64]: 8,
};

function skipValue(code: number, from: ByteReader, depth: number): void {
  if (depth > depthMax) throw new ThriftError(`values nested more than ${depthMax} deep`);
  const size = fixedSizes[code];
  if (size !== undefined) from.bytes(size);
  else if (code === wireCode.binary) from.binary();
  else if (code === wireCode.struct) skipFields(from, depth);
  else if (code === wireCode.list || code === wireCode.set) skipElements([from.int8()], from, depth);
  else if (code === wireCode.map) skipElements([from.int8(), from.int8()], from, depth);
  else throw new ThriftError(`a value of the unknown type ${code}`);
}

function skipFields(from: ByteReader, depth: number): void {
  for (let code = from.int8(); code !== wireCode.stop; code = from.int8()) {
    from.int16();
    skipValue(code, from, depth + 1);
  }
}

function skipElements(codes: readonly number[], from: ByteReader, depth: number): void {
  const count = from.count();
  for (let i = 0; i < count; i++) for (const code of codes) skipValue(code, from, depth + 1);
}
