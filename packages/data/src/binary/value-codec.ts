import type { ByteString, Value } from '../column.ts';
import { columnKind } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { isBool, removeNullable } from '../type/type-predicates.ts';
import { type BinaryReader, damaged } from './binary-reader.ts';
import type { BinaryWriter } from './binary-writer.ts';

/** Writes one value of a type, NULL included; {@link readValue} gives it back exactly. */
export function writeValue(out: BinaryWriter, value: Value, type: DataType): void {
  out.uint8(value === null ? 0 : 1);
  if (value !== null) writePlain(out, value, removeNullable(type));
}

function writePlain(out: BinaryWriter, value: Value, type: DataType): void {
  switch (type.kind) {
    case 'array':
      out.count((value as readonly Value[]).length);
      for (const item of value as readonly Value[]) writeValue(out, item, type.element);
      return;
    case 'tuple':
      for (const [i, { type: element }] of type.elements.entries()) writeValue(out, (value as readonly Value[])[i]!, element);
      return;
    case 'map':
      out.count((value as ReadonlyMap<Value, Value>).size);
      for (const [key, item] of value as ReadonlyMap<Value, Value>) {
        writeValue(out, key, type.key);
        writeValue(out, item, type.value);
      }
      return;
  }
  const kind = columnKind(type);
  if (kind === 'string') out.text(value as ByteString);
  else if (kind === 'bigint') out.uint64(value as bigint);
  else out.float64(Number(value));
}

/** The inverse of {@link writeValue}. @throws {MillraceError} STATE_INVALID */
export function readValue(from: BinaryReader, type: DataType): Value {
  const tag = from.uint8();
  if (tag > 1) throw damaged(`a value of kind ${tag}`);
  return tag === 0 ? null : readPlain(from, removeNullable(type));
}

function readPlain(from: BinaryReader, type: DataType): Value {
  switch (type.kind) {
    case 'array':
      return Array.from({ length: from.countOf(1) }, () => readValue(from, type.element));
    case 'tuple':
      return type.elements.map((element) => readValue(from, element.type));
    case 'map':
      return new Map(
        Array.from({ length: from.countOf(2) }, () => {
          const key = readValue(from, type.key);
          return [key, readValue(from, type.value)] as const;
        }),
      );
  }
  const kind = columnKind(type);
  if (kind === 'string') return from.text();
  if (kind === 'bigint') return readBigInt(from, type);
  return isBool(type) ? from.float64() !== 0 : from.float64();
}

function readBigInt(from: BinaryReader, type: DataType): bigint {
  const value = from.int64();
  return type.kind === 'uint64' ? BigInt.asUintN(64, value) : value;
}
