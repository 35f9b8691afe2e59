import { MillraceError } from '@millrace/core';

/** The error for bytes that do not follow the protocol. */
export function invalid(message: string, details?: Readonly<Record<string, unknown>>): MillraceError {
  return new MillraceError('KAFKA_PROTOCOL_INVALID', message, { details });
}

/** The zero id that Kafka sends where there is none. */
export const zeroUuid = '00000000-0000-0000-0000-000000000000';

/**
 * Reads the primitives of Kafka's protocol one after another.
 * Every length is checked against what is left before anything is allocated.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID
 */
export class ByteReader {
  readonly buffer: Buffer;
  offset: number;
  readonly #end: number;

  constructor(buffer: Buffer, offset = 0, end = buffer.length) {
    this.buffer = buffer;
    this.offset = offset;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.offset;
  }

  /** The position before the next `length` bytes; moves behind them. */
  take(length: number): number {
    const at = this.offset;
    if (length > this.#end - at) throw invalid(`the message ends early: ${length} bytes wanted at ${at}, ${this.#end - at} left`);
    this.offset = at + length;
    return at;
  }

  bool(): boolean {
    return this.buffer[this.take(1)] !== 0;
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1));
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4));
  }

  int64(): number {
    const at = this.take(8);
    const high = this.buffer.readInt32BE(at);
    if (high < -0x200000 || high >= 0x200000) throw invalid(`the 64-bit integer ${this.buffer.readBigInt64BE(at)} does not fit 53 bits`);
    return high * 0x1_0000_0000 + this.buffer.readUInt32BE(at + 4);
  }

  uuid(): string {
    const at = this.take(16);
    const hex = this.buffer.toString('hex', at, at + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** An unsigned LEB128 of at most 32 bits. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.take(1)]!;
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw invalid('a variable-length integer has more than 32 bits');
  }

  /** A length as flexible versions write it: one more than it is, 0 for null (given as -1). */
  compactLength(): number {
    return this.uvarint() - 1;
  }

  /** @param length what was read as length; negative is null. */
  nullableString(length: number): string | null {
    return length < 0 ? null : this.string(length);
  }

  string(length: number): string {
    if (length < 0) throw invalid('null where a string must stand');
    const at = this.take(length);
    return this.buffer.toString('utf8', at, at + length);
  }

  nullableBytes(length: number): Buffer | null {
    return length < 0 ? null : this.bytes(length);
  }

  bytes(length: number): Buffer {
    if (length < 0) throw invalid('null where bytes must stand');
    const at = this.take(length);
    return this.buffer.subarray(at, at + length);
  }

  nullableArray<T>(length: number, elementSize: number, element: (reader: ByteReader) => T): T[] | null {
    return length < 0 ? null : this.array(length, elementSize, element);
  }

  /** @param elementSize the fewest bytes that an element can have. */
  array<T>(length: number, elementSize: number, element: (reader: ByteReader) => T): T[] {
    if (length < 0) throw invalid('null where an array must stand');
    if (length * elementSize > this.remaining) throw invalid(`an array of ${length} does not fit into ${this.remaining} bytes`);
    const items: T[] = [];
    for (let index = 0; index < length; index++) items.push(element(this));
    return items;
  }

  /** Reads tagged fields: known ones through `known` (false: not known), others are skipped. */
  tagged(known?: (tag: number) => boolean): void {
    const count = this.uvarint();
    for (let index = 0; index < count; index++) {
      const tag = this.uvarint();
      const size = this.uvarint();
      const end = this.take(size) + size;
      this.offset = end - size;
      if (known?.(tag) && this.offset !== end) throw invalid(`tagged field ${tag} does not have the ${size} bytes that it says`);
      this.offset = end;
    }
  }
}
