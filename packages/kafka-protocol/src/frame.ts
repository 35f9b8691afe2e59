import { MillraceError } from '@millrace/core';
import { apisByKey } from './apis.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Codec, compileStruct } from './compile.ts';
import type { Api, EncodableRequest, EncodableResponse, RequestOf, ResponseOf, Shape } from './definition.ts';

const apiVersionsKey = 18;

/** What stands before every request, and where its body begins. */
export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Position of the first byte of the body in the frame. */
  readonly bodyOffset: number;
}

const codecs = new WeakMap<Shape, Map<number, Codec>>();

function codecOf(api: Api, shape: Shape, version: number): Codec {
  let versions = codecs.get(shape);
  if (versions === undefined) codecs.set(shape, (versions = new Map()));
  let codec = versions.get(version);
  if (codec === undefined) versions.set(version, (codec = compileStruct(shape, checkVersion(api, version), version >= api.flexibleFrom)));
  return codec;
}

function checkVersion({ name, versions: [min, max] }: Api, version: number): number {
  if (version >= min && version <= max) return version;
  throw new MillraceError('KAFKA_PROTOCOL_INVALID', `${name} has no version ${version}; known are ${min} to ${max}`);
}

/** True if this version's response header ends with tagged fields. ApiVersions never has them, so that any client can read its answer. */
function hasFlexibleResponseHeader(api: Api, version: number): boolean {
  return version >= api.flexibleFrom && api.key !== apiVersionsKey;
}

/**
 * A whole request with its size in front, in parts to be written one behind the other; large byte strings are passed on
 * without copying and must not change before they are written.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if the API has no such version.
 */
export function encodeRequestParts<A extends Api>(
  api: A,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: EncodableRequest<A>,
): Buffer[] {
  const writer = new ByteWriter();
  writer.int32(0);
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(header.correlationId);
  writer.string(header.clientId);
  if (version >= api.flexibleFrom) writer.uvarint(0);
  codecOf(api, api.request, version).write(body, writer);
  return sized(writer);
}

/** Like {@link encodeRequestParts}, as one buffer. */
export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: EncodableRequest<A>,
): Buffer {
  return Buffer.concat(encodeRequestParts(api, version, header, body));
}

/**
 * A whole response with its size in front, in parts as of {@link encodeRequestParts}.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if the API has no such version.
 */
export function encodeResponse<A extends Api>(api: A, version: number, correlationId: number, body: EncodableResponse<A>): Buffer[] {
  const writer = new ByteWriter();
  writer.int32(0);
  writer.int32(correlationId);
  if (hasFlexibleResponseHeader(api, version)) writer.uvarint(0);
  codecOf(api, api.response, version).write(body, writer);
  return sized(writer);
}

function sized(writer: ByteWriter): Buffer[] {
  const { size } = writer;
  const parts = writer.parts();
  parts[0]!.writeInt32BE(size - 4, 0);
  return parts;
}

/**
 * Reads the header of a request.
 * @param frame the request without its size. Of an API that is not known here, `bodyOffset` is behind the client id.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID
 */
export function decodeRequestHeader(frame: Buffer): RequestHeader {
  const reader = new ByteReader(frame);
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const clientId = reader.nullableString(reader.int16());
  const api = apisByKey.get(apiKey);
  // A version beyond what is known may have a header of a shape that is not known either: only its first part is read.
  if (api !== undefined && apiVersion >= api.flexibleFrom && apiVersion <= api.versions[1]) reader.tagged();
  return { apiKey, apiVersion, correlationId, clientId, bodyOffset: reader.offset };
}

/**
 * Reads the body of a request. Byte strings are slices of the frame.
 * @param frame the request without its size.
 * @param offset where the body begins: {@link RequestHeader.bodyOffset}.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID
 */
export function decodeRequest<A extends Api>(api: A, version: number, frame: Buffer, offset: number): RequestOf<A> {
  return codecOf(api, api.request, version).read(new ByteReader(frame, offset)) as RequestOf<A>;
}

/**
 * Reads a response. Byte strings are slices of the frame.
 * @param frame the response without its size, beginning with the correlation id (which the caller has compared).
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID
 */
export function decodeResponse<A extends Api>(api: A, version: number, frame: Buffer): ResponseOf<A> {
  const reader = new ByteReader(frame);
  reader.int32();
  if (hasFlexibleResponseHeader(api, version)) reader.tagged();
  return codecOf(api, api.response, version).read(reader) as ResponseOf<A>;
}
