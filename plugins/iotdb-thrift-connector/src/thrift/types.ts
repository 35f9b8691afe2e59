/**
 * The vocabulary in which Thrift's structs are defined: one plain description, from which both directions are encoded and decoded
 * ({@link ./write-value.ts}, {@link ./read-value.ts}) and from which TypeScript infers the shapes.
 *
 * @see https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md
 */

/** How a type stands on the wire, as the byte before each value says it. */
export const wireCode = {
  stop: 0,
  bool: 2,
  int8: 3,
  double: 4,
  int16: 6,
  int32: 8,
  int64: 10,
  binary: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;

export type ThriftKind = 'bool' | 'int8' | 'int32' | 'int64' | 'string' | 'binary' | 'list' | 'map' | 'struct';

/** A type of the wire, and the `T` that it carries. */
export interface ThriftType<T> {
  readonly kind: ThriftKind;
  readonly code: number;
  /** What a list or a map holds. */
  readonly element?: ThriftType<unknown>;
  /** Keys of a map. */
  readonly key?: ThriftType<unknown>;
  /** Of a struct: a function, so that a struct can hold itself. */
  readonly fields?: () => Fields;
  /** Of a struct, for messages. */
  readonly name?: string;
  /** Only for the type checker. */
  readonly '~of'?: T;
}

/** A place in a struct. */
export interface Field<T, Optional extends boolean> {
  readonly id: number;
  readonly type: ThriftType<T>;
  readonly isOptional: Optional;
}

export type Fields = { readonly [name: string]: Field<unknown, boolean> };

type OptionalNames<F extends Fields> = { [K in keyof F]: F[K]['isOptional'] extends true ? K : never }[keyof F];
type Carried<F> = F extends Field<infer T, boolean> ? T : never;

/** The values of a struct: those of optional fields may be missing. */
export type StructOf<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalNames<F>>]: Carried<F[K]> } & {
  readonly [K in OptionalNames<F>]?: Carried<F[K]> | undefined;
};

/** What a type carries. */
export type ValueOf<T> = T extends ThriftType<infer V> ? V : never;

export const bool: ThriftType<boolean> = { kind: 'bool', code: wireCode.bool };
export const int8: ThriftType<number> = { kind: 'int8', code: wireCode.int8 };
export const int32: ThriftType<number> = { kind: 'int32', code: wireCode.int32 };
export const int64: ThriftType<bigint> = { kind: 'int64', code: wireCode.int64 };
export const string: ThriftType<string> = { kind: 'string', code: wireCode.binary };
/** Decoded as a slice of the message, not as a copy. */
export const binary: ThriftType<Buffer> = { kind: 'binary', code: wireCode.binary };

export function list<T>(element: ThriftType<T>): ThriftType<readonly T[]> {
  return { kind: 'list', code: wireCode.list, element };
}

export function map<K, V>(key: ThriftType<K>, element: ThriftType<V>): ThriftType<ReadonlyMap<K, V>> {
  return { kind: 'map', code: wireCode.map, key, element };
}

export function struct<const F extends Fields>(name: string, fields: F): ThriftType<StructOf<F>> {
  return { kind: 'struct', code: wireCode.struct, name, fields: () => fields };
}

/** A struct that holds itself: its shape has to be said. */
export function recursiveStruct<T>(name: string, fields: () => Fields): ThriftType<T> {
  return { kind: 'struct', code: wireCode.struct, name, fields };
}

export function required<T>(id: number, type: ThriftType<T>): Field<T, false> {
  return { id, type, isOptional: false };
}

export function optional<T>(id: number, type: ThriftType<T>): Field<T, true> {
  return { id, type, isOptional: true };
}

/** A call: the arguments are the fields of a struct, the result is field 0 of another. */
export interface Method<A, R> {
  readonly name: string;
  readonly args: ThriftType<A>;
  readonly result: ThriftType<{ readonly success?: R | undefined }>;
}

export function method<const F extends Fields, R>(name: string, args: F, result: ThriftType<R>): Method<StructOf<F>, R> {
  return { name, args: struct(`${name}_args`, args), result: struct(`${name}_result`, { success: optional(0, result) }) };
}
