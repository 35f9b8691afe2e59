import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { readValue } from './read-value.ts';
import { ApplicationException, ThriftError } from './thrift-error.ts';
import { int32, type Method, optional, string, struct, type ThriftType } from './types.ts';
import { writeValue } from './write-value.ts';

/** What the first half of the word before a message says: the strict form of the binary protocol. */
const strictVersion = 0x8001;
/** With it every message of the compact protocol begins. */
export const compactVersion = 0x82;
export const compactRefused =
  'the other side speaks TCompactProtocol (dn_rpc_thrift_compression_enable=true), only TBinaryProtocol is supported';
const messageTypes = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;
type MessageType = keyof typeof messageTypes;

/** A message whose body is not read yet: only who knows the method can. */
export interface Message {
  readonly type: MessageType;
  readonly method: string;
  readonly sequence: number;
  readonly body: ByteReader;
}

const applicationException = struct('TApplicationException', { message: optional(1, string), kind: optional(2, int32) });

/** A call, framed. */
export function encodeCall<A, R>(method: Method<A, R>, sequence: number, args: A): Buffer {
  return encodeMessage('call', method.name, sequence, method.args, args);
}

/** What a call has come to, framed. */
export function encodeReply<A, R>(method: Method<A, R>, sequence: number, result: R): Buffer {
  return encodeMessage('reply', method.name, sequence, method.result, { success: result });
}

/** That a call cannot be carried out, framed. */
export function encodeException(method: string, sequence: number, failure: ApplicationException): Buffer {
  return encodeMessage('exception', method, sequence, applicationException, { message: failure.message, kind: failure.kind });
}

function encodeMessage<T>(type: MessageType, method: string, sequence: number, body: ThriftType<T>, value: T): Buffer {
  const out = new ByteWriter();
  out.int32(0);
  out.int32((strictVersion << 16) | messageTypes[type]);
  out.string(method);
  out.int32(sequence);
  writeValue(body, value, out);
  out.setInt32(0, out.length - 4);
  return out.finish();
}

/**
 * Reads the head of a message from its frame (without the length).
 * @throws {ThriftError} for the compact protocol, for the binary protocol without a version, and for anything else
 */
export function decodeMessage(frame: Buffer): Message {
  if (frame[0] === compactVersion) throw new ThriftError(compactRefused);
  const body = new ByteReader(frame);
  const word = body.int32();
  if (word >>> 16 !== strictVersion)
    throw new ThriftError(`0x${(word >>> 0).toString(16).padStart(8, '0')} is no head of a strict binary Thrift message`);
  const type = (Object.keys(messageTypes) as MessageType[]).find((name) => messageTypes[name] === (word & 0xff));
  if (type === undefined) throw new ThriftError(`messages have type 1 … 4, not ${word & 0xff}`);
  return { type, method: body.string(), sequence: body.int32(), body };
}

/** Arguments of a call. */
export function readArguments<A, R>(method: Method<A, R>, message: Message): A {
  return readValue(method.args, message.body);
}

/**
 * The result that a reply holds.
 * @throws {ApplicationException} if the other side could not carry out the call
 * @throws {ThriftError} if it is no reply to this method
 */
export function readResult<A, R>(method: Method<A, R>, message: Message): R {
  if (message.type === 'exception') {
    const { kind, message: text } = readValue(applicationException, message.body);
    throw new ApplicationException(kind ?? 0, text ?? 'no reason given');
  }
  if (message.type !== 'reply' || message.method !== method.name)
    throw new ThriftError(`a ${message.type} of ${message.method} where a reply to ${method.name} is expected`);
  const { success } = readValue(method.result, message.body);
  if (success === undefined) throw new ThriftError(`a reply to ${method.name} without a result`);
  return success;
}
