import { batchHeader, batchHeaderSize } from './batch-header.ts';
import { invalid } from './byte-reader.ts';
import { readVarint, readVarlong, varintEnd } from './varint.ts';

/** What a transaction marker says; `other` for types that only brokers care for. */
export type ControlType = 'abort' | 'commit' | 'other';

/**
 * The marker in a control batch: its record's key is a version and a type, both int16.
 * @param start position of the batch's first byte; the batch must be whole and a control batch.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID
 */
export function controlTypeOf(buffer: Buffer, start: number): ControlType {
  const end = start + batchHeader.sizeBytes(buffer, start);
  readVarint(buffer, start + batchHeaderSize);
  readVarlong(buffer, varintEnd + 1);
  readVarint(buffer, varintEnd);
  const keyLength = readVarint(buffer, varintEnd);
  if (keyLength < 4 || varintEnd + keyLength > end) throw invalid(`a transaction marker has a key of ${keyLength} bytes; 4 are needed`);
  const type = buffer.readInt16BE(varintEnd + 2);
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other';
}
