import { MillraceError } from '@millrace/core';

/**
 * Reads what a {@link BinaryWriter} wrote, method by method. Strict: it never reads behind the end, and takes nothing for what it is not.
 * All methods throw {@link MillraceError} STATE_INVALID.
 */
export class BinaryReader {
  readonly bytes: Buffer;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Refuses bytes that nobody has read. */
  end(): void {
    if (this.#at !== this.bytes.length) throw damaged(`${this.bytes.length - this.#at} bytes too many`);
  }

  uint8(): number {
    return this.bytes[this.#take(1)]!;
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  count(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.uint8();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw damaged('a number of more than 53 bits');
      if (byte < 0x80) return value;
    }
  }

  /** A {@link count} of things of which each takes `sizeBytes` at least: one that cannot be true is refused before room is made for it. */
  countOf(sizeBytes: number): number {
    const count = this.count();
    if (count * sizeBytes > this.bytes.length - this.#at) throw damaged(`${count} entries in ${this.bytes.length - this.#at} bytes`);
    return count;
  }

  /** Where a span of bytes starts; it is `length` long, and is behind. */
  span(length: number): number {
    return this.#take(length);
  }

  text(): string {
    const length = this.count();
    const start = this.#take(length);
    return this.bytes.toString('latin1', start, start + length);
  }

  floats(into: Float64Array, from: number, to: number): void {
    let at = this.#take((to - from) * 8);
    for (let i = from; i < to; i++, at += 8) into[i] = this.#view.getFloat64(at, true);
  }

  counts(into: Float64Array | Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) into[i] = this.count();
  }

  bigints(into: BigInt64Array | BigUint64Array, from: number, to: number): void {
    const halves = new Int32Array(into.buffer, into.byteOffset, into.length * 2);
    let at = this.#take((to - from) * 8);
    for (let i = from * 2; i < to * 2; i++, at += 4) halves[i] = this.#view.getInt32(at, true);
  }

  flags(into: Uint8Array, from: number, to: number): void {
    const kind = this.uint8();
    if (kind > 2) throw damaged(`flags of kind ${kind}`);
    if (kind < 2) {
      into.fill(kind, from, to);
      return;
    }
    const at = this.#take((to - from + 7) >> 3);
    for (let i = from; i < to; i++) into[i] = (this.bytes[at + ((i - from) >> 3)]! >> ((i - from) & 7)) & 1;
  }

  #take(byteCount: number): number {
    const start = this.#at;
    if (start + byteCount > this.bytes.length) throw damaged(`${byteCount} bytes wanted where ${this.bytes.length - start} are left`);
    this.#at = start + byteCount;
    return start;
  }
}

/** What was read does not fit what was asked for. */
export function damaged(what: string): MillraceError {
  return new MillraceError('STATE_INVALID', `the bytes do not hold what they should: ${what}`);
}
