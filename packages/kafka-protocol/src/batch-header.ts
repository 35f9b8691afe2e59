import { crc32c } from '@node-rs/crc32';
import { invalid } from './byte-reader.ts';

/**
 * The header of a record batch, format 2, read and patched in place.
 * All functions take the buffer and the position of the batch's first byte; they trust that `batchHeaderSize` bytes are
 * there ({@link batchEnd} has checked it).
 * @see https://kafka.apache.org/documentation/#recordbatch
 */

/** Bytes before the first record. */
export const batchHeaderSize = 61;
/** Bytes of a batch that its length field does not count: base offset and the length itself. */
const lengthOverhead = 12;
const crcOffset = 17;
/** The checksum covers everything from the attributes on: base offset and leader epoch may be patched without it. */
const attributesOffset = 21;

const timestampTypeBit = 0x08;
const transactionalBit = 0x10;
const controlBit = 0x20;

/** Reads a 64-bit integer that is used within 53 bits. @throws {MillraceError} KAFKA_PROTOCOL_INVALID if it is larger. */
function readInt64(buffer: Buffer, at: number): number {
  const high = buffer.readInt32BE(at);
  if (high < -0x200000 || high >= 0x200000) throw invalid(`the 64-bit integer ${buffer.readBigInt64BE(at)} does not fit 53 bits`);
  return high * 0x1_0000_0000 + buffer.readUInt32BE(at + 4);
}

/** Writes a 64-bit integer of at most 53 bits. */
export function writeInt64(buffer: Buffer, value: number, at: number): void {
  buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
  buffer.writeUInt32BE(value >>> 0, at + 4);
}

/** Readers of the header's fields. */
export const batchHeader = {
  baseOffset: readInt64,
  /** Size of the whole batch in bytes. */
  sizeBytes: (buffer: Buffer, at: number): number => buffer.readInt32BE(at + 8) + lengthOverhead,
  partitionLeaderEpoch: (buffer: Buffer, at: number): number => buffer.readInt32BE(at + 12),
  magic: (buffer: Buffer, at: number): number => buffer.readInt8(at + 16),
  crc: (buffer: Buffer, at: number): number => buffer.readUInt32BE(at + crcOffset),
  attributes: (buffer: Buffer, at: number): number => buffer.readInt16BE(at + attributesOffset),
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  compression: (buffer: Buffer, at: number): number => buffer[at + attributesOffset + 1]! & 0x07,
  /** True if the broker stamped the records: then each has the batch's largest timestamp. */
  isLogAppendTime: (buffer: Buffer, at: number): boolean => (buffer[at + attributesOffset + 1]! & timestampTypeBit) !== 0,
  isTransactional: (buffer: Buffer, at: number): boolean => (buffer[at + attributesOffset + 1]! & transactionalBit) !== 0,
  /** True if the batch holds a transaction marker instead of records. */
  isControl: (buffer: Buffer, at: number): boolean => (buffer[at + attributesOffset + 1]! & controlBit) !== 0,
  lastOffsetDelta: (buffer: Buffer, at: number): number => buffer.readInt32BE(at + 23),
  /** Offset of the last record. */
  lastOffset: (buffer: Buffer, at: number): number => readInt64(buffer, at) + buffer.readInt32BE(at + 23),
  /** In ms since the epoch, as `maxTimestamp`. */
  firstTimestamp: (buffer: Buffer, at: number): number => readInt64(buffer, at + 27),
  maxTimestamp: (buffer: Buffer, at: number): number => readInt64(buffer, at + 35),
  /** -1 if the producer is not idempotent. */
  producerId: (buffer: Buffer, at: number): number => readInt64(buffer, at + 43),
  producerEpoch: (buffer: Buffer, at: number): number => buffer.readInt16BE(at + 51),
  baseSequence: (buffer: Buffer, at: number): number => buffer.readInt32BE(at + 53),
  recordCount: (buffer: Buffer, at: number): number => buffer.readInt32BE(at + 57),
} as const;

/** Patches the first offset; the checksum does not cover it. */
export function setBaseOffset(buffer: Buffer, at: number, baseOffset: number): void {
  writeInt64(buffer, baseOffset, at);
}

/** Patches the leader epoch; the checksum does not cover it. */
export function setPartitionLeaderEpoch(buffer: Buffer, at: number, epoch: number): void {
  buffer.writeInt32BE(epoch, at + 12);
}

/** Makes the batch one of an idempotent producer, with a new checksum. */
export function stampProducer(batch: Buffer, producerId: number, producerEpoch: number, baseSequence: number, transactional = false): void {
  if (transactional) batch[attributesOffset + 1]! |= transactionalBit;
  writeInt64(batch, producerId, 43);
  batch.writeInt16BE(producerEpoch, 51);
  batch.writeInt32BE(baseSequence, 53);
  stampCrc(batch, 0);
}

/** Makes the batch one that the broker has stamped (LogAppendTime), with a new checksum. */
export function stampLogAppendTime(buffer: Buffer, at: number, timestampMs: number): void {
  buffer[at + attributesOffset + 1]! |= timestampTypeBit;
  writeInt64(buffer, timestampMs, at + 35);
  stampCrc(buffer, at);
}

/** Computes and writes the checksum. */
export function stampCrc(buffer: Buffer, at: number): void {
  buffer.writeUInt32BE(computeCrc(buffer, at), at + crcOffset);
}

/** True if the batch's checksum (CRC-32C) is that of its content. */
export function verifyCrc(buffer: Buffer, at: number): boolean {
  return computeCrc(buffer, at) === batchHeader.crc(buffer, at);
}

function computeCrc(buffer: Buffer, at: number): number {
  return crc32c(buffer.subarray(at + attributesOffset, at + batchHeader.sizeBytes(buffer, at)));
}

/**
 * Where the batch at `at` ends, or -1 if it is not whole before `end`, as the last one of a fetch may be.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if the bytes are no batch of format 2.
 */
export function batchEnd(buffer: Buffer, at: number, end: number): number {
  if (end - at < batchHeaderSize) {
    if (end - at > 16) checkMagic(buffer, at);
    return -1;
  }
  checkMagic(buffer, at);
  const sizeBytes = batchHeader.sizeBytes(buffer, at);
  if (sizeBytes < batchHeaderSize) throw invalid(`a record batch says that it has ${sizeBytes} bytes; ${batchHeaderSize} is the least`);
  return at + sizeBytes > end ? -1 : at + sizeBytes;
}

function checkMagic(buffer: Buffer, at: number): void {
  const magic = batchHeader.magic(buffer, at);
  if (magic !== 2) throw invalid(`a record batch has the format ${magic}; only 2 is supported`, { magic });
}

/**
 * The positions of the whole batches in `buffer[start … end)`; a batch cut off at the end is left out.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID
 */
export function* iterateBatches(buffer: Buffer, start = 0, end = buffer.length): Generator<number, void, undefined> {
  for (let at = start, next = batchEnd(buffer, at, end); next !== -1; at = next, next = batchEnd(buffer, at, end)) yield at;
}
