import { assert } from '@millrace/core';
import { type ByteString, type DataType, fromText, removeNullable, type Value } from '@millrace/data';
import { cityHash64, combineHashes } from './city-hash.ts';

/** Adds one value of a type to the hash of the values before it; null before the first. */
type Fold = (before: bigint | null, value: Value) => bigint;

const integerSeed = 0x4cf2d2baae6da887n;

/** ClickHouse's intHash64: the finalizer of MurmurHash3 over a seeded number. */
function hashInteger(value: bigint): bigint {
  let x = BigInt.asUintN(64, value ^ integerSeed);
  x ^= x >> 33n;
  x = BigInt.asUintN(64, x * 0xff51afd7ed558ccdn);
  x ^= x >> 33n;
  x = BigInt.asUintN(64, x * 0xc4ceb9fe1a85ec53n);
  return x ^ (x >> 33n);
}

/**
 * The hash of values of these types, first to last, as ClickHouse's cityHash64 computes it: strings by CityHash of their
 * bytes; numbers, dates and datetimes by their bits as an unsigned integer; datetime64 and uuid by CityHash of the
 * bytes that ClickHouse keeps (ipv6: of its text, which is ours); tuples count as their elements; arrays as their length and then each element's hash; maps as
 * arrays of pairs. A NULL inside a composite counts as 0 (ours: ClickHouse promises nothing for it).
 * @see ClickHouse: FunctionsHashing
 */
export function hashesOf(types: readonly DataType[]): (values: readonly Value[]) => bigint {
  const fold = foldTuple(types.map((type) => foldOf(removeNullable(type))));
  return (values) => fold(null, values);
}

function foldOf(type: DataType): Fold {
  switch (type.kind) {
    case 'nullable': {
      const inner = foldOf(type.inner);
      return (before, value) => (value === null ? add(before, 0n) : inner(before, value));
    }
    case 'array':
      return foldArray(foldOf(type.element));
    case 'tuple':
      return foldTuple(type.elements.map((element) => foldOf(element.type)));
    case 'map': {
      const pairs = foldArray(foldTuple([foldOf(type.key), foldOf(type.value)]));
      return (before, value) => pairs(before, [...(value as ReadonlyMap<Value, Value>)]);
    }
    default: {
      const hash = hashScalar(type);
      return (before, value) => add(before, hash(value));
    }
  }
}

function add(before: bigint | null, hash: bigint): bigint {
  return before === null ? hash : combineHashes(before, hash);
}

function foldArray(element: Fold): Fold {
  return (before, value) => {
    const items = value as readonly Value[];
    return items.reduce<bigint>((hash, item) => combineHashes(hash, element(null, item)), add(before, hashInteger(BigInt(items.length))));
  };
}

function foldTuple(elements: readonly Fold[]): Fold {
  return (before, value) => {
    const items = value as readonly Value[];
    const hash = elements.reduce((running, fold, index) => fold(running, items[index]!), before);
    assert(hash !== null, 'a tuple that is hashed has elements');
    return hash;
  };
}

const scratch = Buffer.alloc(8);

function hashScalar(type: DataType): (value: Value) => bigint {
  switch (type.kind) {
    case 'float32':
      return (value) => {
        scratch.writeFloatLE(value as number);
        return hashInteger(BigInt(scratch.readUInt32LE()));
      };
    case 'float64':
      return (value) => {
        scratch.writeDoubleLE(value as number);
        return hashInteger(scratch.readBigUInt64LE());
      };
    case 'datetime64':
      return (value) => {
        scratch.writeBigInt64LE(BigInt(value as number | bigint));
        return cityHash64(scratch.toString('latin1'));
      };
    case 'uuid':
      return hashUuid;
    case 'ipv4':
      return (value) => hashInteger((value as string).split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n));
    case 'enum8':
    case 'enum16': {
      const bits = type.kind === 'enum8' ? 8 : 16;
      const numbers = new Map<Value, bigint>(type.values.map(([name, number]) => [fromText(name), BigInt.asUintN(bits, BigInt(number))]));
      return (value) => hashInteger(numbers.get(value)!);
    }
    default: {
      const bits = integerBits(type);
      return bits === null
        ? (value) => cityHash64(value as ByteString)
        : (value) => hashInteger(BigInt.asUintN(bits, BigInt(value as number)));
    }
  }
}

/** The width of the integer that ClickHouse keeps for a type; null for byte strings. */
function integerBits(type: DataType): number | null {
  const match = /^u?int(\d+)$/.exec(type.kind);
  if (match !== null) return Number(match[1]);
  switch (type.kind) {
    case 'bool':
      return 8;
    case 'date':
      return 16;
    case 'datetime':
      return 32;
    case 'interval':
      return 64;
    default:
      return null;
  }
}

/** ClickHouse keeps a UUID as two 64-bit numbers, most significant first, each little-endian. */
function hashUuid(value: Value): bigint {
  const bytes = Buffer.from((value as string).replaceAll('-', ''), 'hex');
  return cityHash64(Buffer.concat([bytes.subarray(0, 8).reverse(), bytes.subarray(8).reverse()]).toString('latin1'));
}
