import { assert } from '@millrace/core';

/**
 * Writes the lanes and values of states one after another into one buffer that grows. Numbers are little-endian.
 * {@link BinaryReader} reads what it writes, method by method.
 */
export class BinaryWriter {
  #buffer = Buffer.allocUnsafeSlow(4096);
  #view = viewOf(this.#buffer);
  #size = 0;

  /** How many bytes stand. */
  get size(): number {
    return this.#size;
  }

  /** Takes back what was written beyond the first `size` bytes. */
  rewind(size = 0): void {
    assert(size <= this.#size, 'a writer is rewound to where it was');
    this.#size = size;
  }

  /** The bytes from `start` on; valid until the next call that writes. */
  written(start = 0): Buffer {
    return this.#buffer.subarray(start, this.#size);
  }

  uint8(value: number): void {
    this.#room(1);
    this.#buffer[this.#size++] = value;
  }

  uint32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#size, value, true);
    this.#size += 4;
  }

  /** Writes over what {@link uint32} wrote at `at`. */
  replaceUint32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  float64(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#size, value, true);
    this.#size += 8;
  }

  /** The low 64 bits. */
  uint64(value: bigint): void {
    this.#room(8);
    this.#view.setBigInt64(this.#size, BigInt.asIntN(64, value), true);
    this.#size += 8;
  }

  /** A whole number from 0 to 2^53 − 1, in seven bits a byte. */
  count(value: number): void {
    this.#room(8);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[this.#size++] = (rest % 0x80) | 0x80;
    this.#buffer[this.#size++] = rest;
  }

  /** Bytes with their length. */
  span(bytes: Buffer, start: number, end: number): void {
    this.count(end - start);
    this.#room(end - start);
    if (end - start > 48) bytes.copy(this.#buffer, this.#size, start, end);
    else for (let i = start, to = this.#size; i < end; i++, to++) this.#buffer[to] = bytes[i]!;
    this.#size += end - start;
  }

  /** A string of one char a byte, with its length. */
  text(value: string): void {
    this.count(value.length);
    this.#room(value.length);
    this.#size += this.#buffer.write(value, this.#size, 'latin1');
  }

  /** Entries from … to − 1 of a lane of doubles. */
  floats(lane: Float64Array, from: number, to: number): void {
    this.#room((to - from) * 8);
    let at = this.#size;
    for (let i = from; i < to; i++, at += 8) this.#view.setFloat64(at, lane[i]!, true);
    this.#size = at;
  }

  /** Entries of a lane of whole numbers, as {@link count} has them. */
  counts(lane: Float64Array | Int32Array, from: number, to: number): void {
    this.#room((to - from) * 8);
    const buffer = this.#buffer;
    let at = this.#size;
    for (let i = from; i < to; i++) {
      let rest = lane[i]!;
      for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) buffer[at++] = (rest % 0x80) | 0x80;
      buffer[at++] = rest;
    }
    this.#size = at;
  }

  /** Entries of a lane of 64 bits. */
  bigints(lane: BigInt64Array | BigUint64Array, from: number, to: number): void {
    // Pairs of 32-bit halves move without making a BigInt of each.
    const halves = new Int32Array(lane.buffer, lane.byteOffset, lane.length * 2);
    this.#room((to - from) * 8);
    let at = this.#size;
    for (let i = from * 2; i < to * 2; i++, at += 4) this.#view.setInt32(at, halves[i]!, true);
    this.#size = at;
  }

  /** Entries of a lane of 0 and 1: one byte if all are alike, else and behind it one bit for each. */
  flags(lane: Uint8Array, from: number, to: number): void {
    let sum = 0;
    for (let i = from; i < to; i++) sum += lane[i]!;
    const isMixed = sum > 0 && sum < to - from;
    this.uint8(isMixed ? 2 : Number(sum > 0));
    if (!isMixed) return;
    this.#room((to - from + 7) >> 3);
    for (let i = from; i < to; i += 8) {
      let bits = 0;
      for (let bit = 0; bit < 8 && i + bit < to; bit++) bits |= lane[i + bit]! << bit;
      this.#buffer[this.#size++] = bits;
    }
  }

  #room(byteCount: number): void {
    if (this.#size + byteCount <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#size + byteCount, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#size);
    this.#buffer = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
