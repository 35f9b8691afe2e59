/**
 * The vocabulary in which Kafka's messages are defined: one plain description of an API, from which the codecs of both
 * directions and all versions are compiled ({@link ./compile.ts}) and from which TypeScript infers the shapes.
 */

/** The types of the wire that hold one value. */
export type PrimitiveKind = 'bool' | 'int8' | 'int16' | 'int32' | 'int64' | 'string' | 'uuid' | 'bytes' | 'records';

/**
 * A type of the wire. `Read` is what decoding gives, `Write` what encoding takes; both exist only for the compiler.
 */
export interface WireType<Read, Write = Read> {
  readonly kind: PrimitiveKind | 'array' | 'struct';
  /** What an array holds. */
  readonly element?: WireType<unknown, never>;
  /** What a struct holds, in the order of the wire. */
  readonly fields?: Shape;
  readonly '~read'?: Read;
  readonly '~write'?: (value: Write) => void;
}

/** When and how a field stands on the wire. A field with any option may be left out when encoding. */
export interface FieldOptions {
  /** First version that has the field. */
  readonly from?: number;
  /** Last version that has the field. */
  readonly to?: number;
  /** True if null may stand in its place, in every version that has the field. */
  readonly nullable?: boolean;
  /** First version in which null may stand in its place. */
  readonly nullableFrom?: number;
  /** The number of a tagged field (KIP-482). A tagged field that equals its fallback is not written. */
  readonly tag?: number;
  /** The value where the field is absent; without it: null if nullable, else 0, false, '' or []. */
  readonly fallback?: number | string | boolean | null;
}

/** A named place in a struct. */
export interface Field<Read, Write, Optional extends boolean> {
  readonly type: WireType<Read, Write>;
  readonly options: FieldOptions;
  readonly '~optional'?: Optional;
}

/** The fields of a struct by name, in the order of the wire. */
export type Shape = Readonly<Record<string, Field<unknown, never, boolean>>>;

type OrNull<O, T> = O extends { readonly nullable: true } | { readonly nullableFrom: number } ? T | null : T;

/** What decoding a struct gives: every field, those that the version lacks with their fallback. */
export type Decoded<S> = { [K in keyof S]: S[K] extends Field<infer Read, never, boolean> ? Read : never };

type OptionalKeys<S> = {
  [K in keyof S]: S[K] extends Field<unknown, never, infer Optional> ? (Optional extends true ? K : never) : never;
}[keyof S];
type Written<F> = F extends { readonly type: { readonly '~write'?: (value: infer Write) => void } } ? Write : never;

/** What encoding a struct takes: fields declared with an option may be left out. */
export type Encodable<S> = { readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Written<S[K]> } & {
  readonly [K in OptionalKeys<S>]?: Written<S[K]> | undefined;
};

export function field<Read, Write>(type: WireType<Read, Write>): Field<Read, Write, false>;
export function field<Read, Write, const O extends FieldOptions>(
  type: WireType<Read, Write>,
  options: O,
): Field<OrNull<O, Read>, OrNull<O, Write>, true>;
export function field(type: WireType<unknown, never>, options: FieldOptions = {}): Field<unknown, never, boolean> {
  return { type, options };
}

export const bool: WireType<boolean> = { kind: 'bool' };
export const int8: WireType<number> = { kind: 'int8' };
export const int16: WireType<number> = { kind: 'int16' };
export const int32: WireType<number> = { kind: 'int32' };
/** A 64-bit integer that is used within 53 bits (offsets, timestamps, producer ids); one that is not is refused. */
export const int64: WireType<number> = { kind: 'int64' };
export const string: WireType<string> = { kind: 'string' };
/** 16 bytes, as text in the usual form of 8-4-4-4-12 hexadecimal digits. */
export const uuid: WireType<string> = { kind: 'uuid' };
/** Decoded as a slice of the message, not as a copy: it keeps the whole message alive. */
export const bytes: WireType<Buffer, Uint8Array> = { kind: 'bytes' };
/** Record batches as they are. Decoded as a slice; encoded from one buffer or several without copying. */
export const records: WireType<Buffer, Uint8Array | readonly Uint8Array[]> = { kind: 'records' };

export function array<Read, Write>(element: WireType<Read, Write>): WireType<Read[], readonly Write[]>;
export function array<const S extends Shape>(fields: S): WireType<Decoded<S>[], readonly Encodable<S>[]>;
export function array(element: WireType<unknown, never> | Shape): WireType<unknown[], never> {
  return { kind: 'array', element: isWireType(element) ? element : (struct(element) as WireType<unknown, never>) };
}

export function struct<const S extends Shape>(fields: S): WireType<Decoded<S>, Encodable<S>> {
  return { kind: 'struct', fields };
}

function isWireType(value: WireType<unknown, never> | Shape): value is WireType<unknown, never> {
  return typeof value.kind === 'string';
}

/** One Kafka API: its request and response in a range of versions. */
export interface Api<Request extends Shape = Shape, Response extends Shape = Shape> {
  readonly key: number;
  /** As Kafka spells it, e.g. `OffsetCommit`. */
  readonly name: string;
  /** The versions that the definition describes, both ends included. */
  readonly versions: readonly [min: number, max: number];
  /** First version with compact lengths and tagged fields (KIP-482); Infinity if there is none. */
  readonly flexibleFrom: number;
  readonly request: Request;
  readonly response: Response;
}

/** Defines an API. */
export function api<const Request extends Shape, const Response extends Shape>(
  key: number,
  traits: { readonly name: string; readonly versions: readonly [min: number, max: number]; readonly flexibleFrom?: number },
  shapes: { readonly request: Request; readonly response: Response },
): Api<Request, Response> {
  return { key, flexibleFrom: Number.POSITIVE_INFINITY, ...traits, ...shapes };
}

/** A decoded request. */
export type RequestOf<A extends Api> = Decoded<A['request']>;
/** A decoded response. */
export type ResponseOf<A extends Api> = Decoded<A['response']>;
/** A request to encode: what has a fallback may be left out. A decoded request is one too. */
export type EncodableRequest<A extends Api> = Encodable<A['request']>;
/** A response to encode: what has a fallback may be left out. A decoded response is one too. */
export type EncodableResponse<A extends Api> = Encodable<A['response']>;
