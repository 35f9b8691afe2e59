import { type ByteString, type DataType, fromText, removeNullable, type Value } from '@millrace/data';
import { cityHash64, combineHashes } from './city-hash.ts';

/** The 64-bit hash of one value, as ClickHouse's cityHash64 computes it for the type. */
type HashValue = (value: Value) => bigint;

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

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Strings by CityHash of their bytes; numbers, dates and times by their bits as an unsigned integer of the type's width;
 * arrays by length and elements, tuples by elements, maps as arrays of pairs.
 * @see ClickHouse: FunctionsHashing
 */
function hashOf(type: DataType): HashValue {
  switch (type.kind) {
    case 'nullable': {
      const inner = hashOf(type.inner);
      // As ClickHouse hashes a NULL inside a composite: it adds nothing of its own.
      return (value) => (value === null ? 0n : inner(value));
    }
    case 'array':
      return hashArray(hashOf(type.element));
    case 'tuple':
      return hashTuple(type.elements.map((element) => hashOf(element.type)));
    case 'map': {
      const pairs = hashArray(hashTuple([hashOf(type.key), hashOf(type.value)]));
      return (value) => pairs([...(value as ReadonlyMap<Value, Value>)]);
    }
    case 'enum8':
    case 'enum16': {
      const bits = type.kind === 'enum8' ? 8 : 16;
      const numbers = new Map<Value, bigint>(type.values.map(([name, number]) => [fromText(name), BigInt.asUintN(bits, BigInt(number))]));
      return (value) => hashInteger(numbers.get(value)!);
    }
    default:
      return hashScalar(type);
  }
}

function hashScalar(type: DataType): HashValue {
  switch (type.kind) {
    case 'float32':
      return (value) => {
        scratch.setFloat32(0, value as number);
        return hashInteger(BigInt(scratch.getUint32(0)));
      };
    case 'float64':
      return (value) => {
        scratch.setFloat64(0, value as number);
        return hashInteger(scratch.getBigUint64(0));
      };
    case 'uuid':
      return hashUuid;
    case 'ipv4':
      return (value) => hashInteger((value as string).split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n));
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
    case 'datetime64':
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

function hashArray(element: HashValue): HashValue {
  return (value) => {
    const items = value as readonly Value[];
    return items.reduce<bigint>((hash, item) => combineHashes(hash, element(item)), hashInteger(BigInt(items.length)));
  };
}

function hashTuple(elements: readonly HashValue[]): HashValue {
  return (value) => hashAll(value as readonly Value[], elements);
}

/** Several values as one hash, first to last. */
function hashAll(values: readonly Value[], hashes: readonly HashValue[]): bigint {
  return hashes.map((hash, index) => hash(values[index]!)).reduce((all, hash) => combineHashes(all, hash));
}

/** The hash of values of these types. */
export function hashesOf(types: readonly DataType[]): (values: readonly Value[]) => bigint {
  const hashes = types.map((type) => hashOf(removeNullable(type)));
  return hashes.length === 1 ? (values) => hashes[0]!(values[0]!) : (values) => hashAll(values, hashes);
}
