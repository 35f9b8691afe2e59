import { MillraceError } from '@millrace/core';

/** From this size on, bytes are passed on as a part of their own instead of being copied. */
const passOnSizeBytes = 2048;

/** Writes the primitives of Kafka's protocol one after another; large byte strings are passed on without copying. */
export class ByteWriter {
  #buffer: Buffer;
  #start = 0;
  #at = 0;
  #parts: Uint8Array[] = [];
  #partsSize = 0;

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** How many bytes were written. */
  get size(): number {
    return this.#partsSize + this.#at - this.#start;
  }

  /** What was written, in parts that belong one behind the other. The writer must not be used afterwards. */
  parts(): Buffer[] {
    this.#closePart();
    return this.#parts as Buffer[];
  }

  /** What was written as one buffer. The writer must not be used afterwards. */
  concat(): Buffer {
    const parts = this.parts();
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int8(value: number): void {
    this.#at = this.#room(1).writeInt8(value, this.#at);
  }

  int16(value: number): void {
    this.#at = this.#room(2).writeInt16BE(value, this.#at);
  }

  int32(value: number): void {
    this.#at = this.#room(4).writeInt32BE(value, this.#at);
  }

  int64(value: number): void {
    if (!Number.isSafeInteger(value)) throw new MillraceError('INTERNAL_INVARIANT', `${value} is not an integer of 53 bits`);
    this.#room(8).writeInt32BE(Math.floor(value / 0x1_0000_0000), this.#at);
    this.#at = this.#buffer.writeUInt32BE(value >>> 0, this.#at + 4);
  }

  uuid(value: string): void {
    const hex = value.replaceAll('-', '');
    if (this.#room(16).write(hex, this.#at, 16, 'hex') !== 16) {
      throw new MillraceError('INTERNAL_INVARIANT', `"${value}" is not a UUID`);
    }
    this.#at += 16;
  }

  uvarint(value: number): void {
    this.#room(5);
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.#buffer[this.#at++] = (rest & 0x7f) | 0x80;
    this.#buffer[this.#at++] = rest;
  }

  string(value: string | null): void {
    const length = value === null ? -1 : Buffer.byteLength(value);
    this.int16(length);
    if (value !== null) this.#utf8(value, length);
  }

  compactString(value: string | null): void {
    const length = value === null ? -1 : Buffer.byteLength(value);
    this.uvarint(length + 1);
    if (value !== null) this.#utf8(value, length);
  }

  bytes(value: Uint8Array | readonly Uint8Array[] | null): void {
    this.int32(value === null ? -1 : sizeOf(value));
    this.#append(value);
  }

  compactBytes(value: Uint8Array | readonly Uint8Array[] | null): void {
    this.uvarint(value === null ? 0 : sizeOf(value) + 1);
    this.#append(value);
  }

  array<T>(value: readonly T[] | null, element: (item: T, writer: ByteWriter) => void): void {
    this.int32(value === null ? -1 : value.length);
    this.#each(value, element);
  }

  compactArray<T>(value: readonly T[] | null, element: (item: T, writer: ByteWriter) => void): void {
    this.uvarint(value === null ? 0 : value.length + 1);
    this.#each(value, element);
  }

  /** A tagged field: number, size, and what `content` writes. */
  tagged(tag: number, content: (writer: ByteWriter) => void): void {
    const inner = new ByteWriter();
    content(inner);
    this.uvarint(tag);
    this.uvarint(inner.size);
    for (const part of inner.parts()) this.raw(part);
  }

  /** Bytes without a length. */
  raw(value: Uint8Array): void {
    if (value.length >= passOnSizeBytes) {
      this.#closePart();
      this.#parts.push(value);
      this.#partsSize += value.length;
      return;
    }
    this.#room(value.length).set(value, this.#at);
    this.#at += value.length;
  }

  #append(value: Uint8Array | readonly Uint8Array[] | null): void {
    if (value === null) return;
    if (value instanceof Uint8Array) this.raw(value);
    else for (const part of value) this.raw(part);
  }

  #each<T>(value: readonly T[] | null, element: (item: T, writer: ByteWriter) => void): void {
    if (value !== null) for (const item of value) element(item, this);
  }

  #utf8(value: string, length: number): void {
    this.#room(length).write(value, this.#at, length, 'utf8');
    this.#at += length;
  }

  /** The buffer, with room for `length` bytes at the current position. */
  #room(length: number): Buffer {
    if (this.#at + length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at - this.#start + length));
      this.#buffer.copy(grown, 0, this.#start, this.#at);
      this.#at -= this.#start;
      this.#start = 0;
      this.#buffer = grown;
    }
    return this.#buffer;
  }

  #closePart(): void {
    if (this.#at === this.#start) return;
    this.#parts.push(this.#buffer.subarray(this.#start, this.#at));
    this.#partsSize += this.#at - this.#start;
    this.#start = this.#at;
  }
}

function sizeOf(value: Uint8Array | readonly Uint8Array[]): number {
  if (value instanceof Uint8Array) return value.length;
  let size = 0;
  for (const part of value) size += part.length;
  return size;
}
