import { invalid } from './byte-reader.ts';

/** Variable-length integers of records: LEB128 of the zigzag form. Positions are returned through {@link varintEnd}. */

/** Where the varint that was read last ended. */
export let varintEnd = 0;

/** An int32. @throws {MillraceError} KAFKA_PROTOCOL_INVALID if it is longer than five bytes. */
export function readVarint(bytes: Uint8Array, start: number): number {
  let at = start;
  let byte = bytes[at++]!;
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift > 28) throw invalid(`a varint at ${start} has more than 32 bits`);
    byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
  }
  varintEnd = at;
  return (value >>> 1) ^ -(value & 1);
}

/** An int64 within 53 bits. @throws {MillraceError} KAFKA_PROTOCOL_INVALID if it is not. */
export function readVarlong(bytes: Uint8Array, start: number): number {
  let at = start;
  let byte = bytes[at++]!;
  let value = byte & 0x7f;
  for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
    if (scale > 2 ** 49) throw invalid(`a varint at ${start} does not fit 53 bits`);
    byte = bytes[at++]!;
    value += (byte & 0x7f) * scale;
  }
  if (value > 2 * Number.MAX_SAFE_INTEGER) throw invalid(`a varint at ${start} does not fit 53 bits`);
  varintEnd = at;
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Bytes that {@link writeVarint} needs. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5;
}

/** Writes an int32; returns where it ends. */
export function writeVarint(bytes: Uint8Array, value: number, start: number): number {
  let at = start;
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; zigzag >= 0x80; zigzag >>>= 7) bytes[at++] = (zigzag & 0x7f) | 0x80;
  bytes[at++] = zigzag;
  return at;
}

/** Bytes that {@link writeVarlong} needs. */
export function varlongSize(value: number): number {
  let size = 1;
  for (let zigzag = value >= 0 ? value * 2 : -value * 2 - 1; zigzag >= 0x80; zigzag = Math.floor(zigzag / 0x80)) size++;
  return size;
}

/** Writes an int64 of at most 52 bits; returns where it ends. */
export function writeVarlong(bytes: Uint8Array, value: number, start: number): number {
  let at = start;
  let zigzag = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; zigzag >= 0x80; zigzag = Math.floor(zigzag / 0x80)) bytes[at++] = (zigzag % 0x80) | 0x80;
  bytes[at++] = zigzag;
  return at;
}
