const initialSize = 1024;

/** Appends numbers (big-endian), text and bytes to one buffer that grows. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  /** @param size bytes to begin with */
  constructor(size: number = initialSize) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  get length(): number {
    return this.#length;
  }

  int8(value: number): void {
    const at = this.#room(1);
    this.#buffer.writeInt8(value, at);
  }

  int16(value: number): void {
    const at = this.#room(2);
    this.#buffer.writeInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#room(4);
    this.#buffer.writeInt32BE(value, at);
  }

  int64(value: bigint): void {
    const at = this.#room(8);
    this.#buffer.writeBigInt64BE(value, at);
  }

  float(value: number): void {
    const at = this.#room(4);
    this.#buffer.writeFloatBE(value, at);
  }

  double(value: number): void {
    const at = this.#room(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#buffer.set(value, at);
  }

  /** Length, then the bytes. */
  binary(value: Uint8Array): void {
    this.int32(value.length);
    this.bytes(value);
  }

  /** Length in bytes, then UTF-8. */
  string(value: string): void {
    const size = Buffer.byteLength(value);
    this.int32(size);
    const at = this.#room(size);
    this.#buffer.write(value, at, size, 'utf8');
  }

  /** Writes a length or count over what stands at a place that is written already. */
  setInt32(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at);
  }

  /** What has been written; no copy, so the writer is used up. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Where so many bytes may be written. The buffer may be another one afterwards. */
  #room(size: number): number {
    const at = this.#length;
    if (at + size > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(at + size, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
    }
    this.#length = at + size;
    return at;
  }
}
