import { ThriftError } from './thrift-error.ts';

/** Takes numbers (big-endian), text and bytes from a buffer, one after another. @throws {ThriftError} at its end */
export class ByteReader {
  readonly #buffer: Buffer;
  #position = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#buffer.length - this.#position;
  }

  int8(): number {
    return this.#buffer.readInt8(this.#advance(1));
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#advance(4));
  }

  int64(): bigint {
    return this.#buffer.readBigInt64BE(this.#advance(8));
  }

  float(): number {
    return this.#buffer.readFloatBE(this.#advance(4));
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#advance(8));
  }

  /** A slice, not a copy. */
  bytes(size: number): Buffer {
    const at = this.#advance(size);
    return this.#buffer.subarray(at, at + size);
  }

  /** Length, then the bytes. A slice, not a copy. */
  binary(): Buffer {
    return this.bytes(this.int32());
  }

  string(): string {
    return this.binary().toString('utf8');
  }

  /** A count of things of at least one byte each: more of them than bytes are refused before anything is made for them. */
  count(): number {
    const count = this.int32();
    if (count < 0 || count > this.remaining) throw new ThriftError(`a count of ${count} with ${this.remaining} bytes left`);
    return count;
  }

  #advance(size: number): number {
    const at = this.#position;
    if (size < 0 || at + size > this.#buffer.length) throw new ThriftError(`${size} bytes wanted where ${this.remaining} are left`);
    this.#position = at + size;
    return at;
  }
}
