const copyByLoopBelow = 40;

/** A growing buffer that is written byte by byte. Who writes to `bytes` directly first makes room with {@link OutputBuffer.reserve}. */
export class OutputBuffer {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.length + count, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** One byte for each char. */
  latin1(text: string): void {
    const count = text.length;
    this.reserve(count);
    if (count < copyByLoopBelow) {
      const bytes = this.bytes;
      let at = this.length;
      for (let i = 0; i < count; i++) bytes[at++] = text.charCodeAt(i);
    } else this.bytes.write(text, this.length, count, 'latin1');
    this.length += count;
  }

  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  copy(source: Buffer, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    if (count < copyByLoopBelow) {
      const bytes = this.bytes;
      let at = this.length;
      for (let i = start; i < end; i++) bytes[at++] = source[i]!;
    } else source.copy(this.bytes, this.length, start, end);
    this.length += count;
  }

  /** Decimal digits of a whole number of at most 53 bits. */
  integer(value: number): void {
    this.reserve(20);
    if (value < 0) this.bytes[this.length++] = 45;
    let rest = Math.abs(value);
    const start = this.length;
    let at = start + digitCount(rest);
    this.length = at;
    const bytes = this.bytes;
    // Arithmetic of 32 bits is far quicker, and most numbers are small.
    if (rest < 2 ** 31) {
      let small = rest | 0;
      do {
        const tenth = (small / 10) | 0;
        bytes[--at] = 48 + (small - tenth * 10);
        small = tenth;
      } while (at > start);
      return;
    }
    do {
      const tenth = Math.floor(rest / 10);
      bytes[--at] = 48 + (rest - tenth * 10);
      rest = tenth;
    } while (at > start);
  }

  /** What was written; the buffer then starts anew with bytes of its own. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafeSlow(Math.max(256, this.length + (this.length >> 3)));
    this.length = 0;
    return taken;
  }
}

function digitCount(value: number): number {
  if (value < 100) return value < 10 ? 1 : 2;
  if (value < 10_000) return value < 1000 ? 3 : 4;
  let count = 1;
  for (let bound = 10; value >= bound; bound *= 10) count++;
  return count;
}
