import type { DataType } from './data-type.ts';

/**
 * One value of SQL as JavaScript sees it, by type:
 *
 * | type | value |
 * |---|---|
 * | int8 … int32, uint8 … uint32, float32, float64 | `number` (float32 already rounded) |
 * | int64, uint64, datetime64(7 … 9) | `bigint` |
 * | date (days), datetime (seconds), datetime64(0 … 6) (ticks) | `number` |
 * | interval | `number` |
 * | bool | `boolean` |
 * | string, fixed_string, json, uuid, ipv4, ipv6, enum | {@link ByteString} |
 * | array, tuple | `readonly Value[]` |
 * | map | `ReadonlyMap<Value, Value>` |
 * | NULL | `null` |
 */
export type Value = number | bigint | boolean | ByteString | readonly Value[] | ReadonlyMap<Value, Value> | null;

/**
 * A SQL string as JavaScript sees it: one char (0 … 255) for each **byte**, so that arbitrary bytes survive, `length`
 * is the length in bytes and `<` compares as memcmp does. Text becomes one through `fromText`, and text again through
 * `toText` (UTF-8); both are needed only where characters matter (lower/upper, length_utf8, LIKE, regular expressions, messages).
 */
export type ByteString = string;

/** 1 where the row is NULL; null when no row is. What stands in the lanes of a NULL row is unspecified. */
export type Nulls = Uint8Array | null;

/** Lanes of float64: all numbers of up to 32 bits, floats, dates, times up to µs, bool as 0/1. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly values: Float64Array;
  readonly nulls: Nulls;
}

/** Lanes of 64 bits: int64, datetime64(7 … 9) (signed) and uint64 (unsigned). */
export interface BigIntColumn {
  readonly kind: 'bigint';
  readonly values: BigInt64Array | BigUint64Array;
  readonly nulls: Nulls;
}

/** Spans of bytes: row i is `bytes[starts[i] … ends[i])`. The buffer may be shared with the fetched batch: who keeps a string copies it. */
export interface StringColumn {
  readonly kind: 'string';
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly nulls: Nulls;
}

/** Everything composite: arrays, maps, tuples; `null` entries are NULL. */
export interface ValueColumn {
  readonly kind: 'value';
  readonly values: readonly Value[];
}

/** A column may be longer than its chunk (builders leave slack): only `chunk.rowCount` rows count. Immutable once handed over. */
export type Column = NumberColumn | BigIntColumn | StringColumn | ValueColumn;

/** The lanes in which a type is kept. */
export function columnKind(type: DataType): Column['kind'] {
  switch (type.kind) {
    case 'nullable':
      return columnKind(type.inner);
    case 'int64':
    case 'uint64':
      return 'bigint';
    case 'datetime64':
      return type.precision > 6 ? 'bigint' : 'number';
    case 'string':
    case 'fixed_string':
    case 'json':
    case 'uuid':
    case 'ipv4':
    case 'ipv6':
    case 'enum8':
    case 'enum16':
      return 'string';
    case 'array':
    case 'map':
    case 'tuple':
      return 'value';
    default:
      return 'number';
  }
}
