import type { StringColumn } from '@millrace/data';

/** Up to this length a loop is quicker than a call into the runtime. */
const writtenByLoop = 24;
/** Most bytes of UTF-8 for one unit of UTF-16. */
const mostBytesPerUnit = 3;

/** Puts texts into a column of strings, without a copy of each as bytes in between. */
export class TextColumnBuilder {
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #nulls: Uint8Array | null = null;
  #bytes: Buffer;
  #length = 0;
  #row = 0;

  constructor(rowCount: number) {
    this.#starts = new Int32Array(rowCount);
    this.#ends = new Int32Array(rowCount);
    this.#bytes = Buffer.allocUnsafeSlow(rowCount * 16 + 64);
  }

  append(text: string): void {
    this.#reserve(text.length * mostBytesPerUnit);
    this.#starts[this.#row] = this.#length;
    this.#length = text.length <= writtenByLoop ? this.#writeShort(text) : this.#length + this.#bytes.write(text, this.#length);
    this.#ends[this.#row++] = this.#length;
  }

  appendNull(): void {
    this.#nulls ??= new Uint8Array(this.#starts.length);
    this.#nulls[this.#row] = 1;
    this.#starts[this.#row] = this.#length;
    this.#ends[this.#row++] = this.#length;
  }

  finish(): StringColumn {
    return { kind: 'string', bytes: this.#bytes, starts: this.#starts, ends: this.#ends, nulls: this.#nulls };
  }

  /** @returns where it ends */
  #writeShort(text: string): number {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) return this.#length + bytes.write(text, this.#length);
      bytes[at++] = unit;
    }
    return at;
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
