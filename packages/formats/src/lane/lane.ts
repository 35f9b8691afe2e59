import type { Column, Nulls, Value } from '@millrace/data';
import { unescapeInto } from '../json/unescape.ts';

let scratch = Buffer.allocUnsafeSlow(256);

/**
 * One column while it is decoded: lanes that grow, written at a row by one of the `set…` methods. A `set…` that gives false
 * has found text that is no value of the type; the row may then be written again. A row that no method wrote is unspecified, not NULL.
 */
export abstract class Lane {
  capacity: number;
  nulls: Nulls = null;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** The bytes that spans of the following rows may point into. */
  begin(_bytes: Buffer): void {}

  /** A plain text: the cell of a CSV line, the content of a JSON string without escapes. */
  abstract setText(row: number, bytes: Buffer, start: number, end: number): boolean;

  /** A number of JSON, known to be well formed. */
  setNumber(row: number, bytes: Buffer, start: number, end: number): boolean {
    return this.setText(row, bytes, start, end);
  }

  setBool(_row: number, _value: boolean, _bytes: Buffer, _start: number, _end: number): boolean {
    return false;
  }

  /** An array or object of JSON, known to be well formed. */
  setStructure(_row: number, _bytes: Buffer, _start: number, _end: number): boolean {
    return false;
  }

  /** A value of the lane's type, not NULL. */
  abstract setValue(row: number, value: Value): void;

  /** The value that was set at a row, not NULL. */
  abstract get(row: number): Value;

  /** Any value of JSON but null, known to be well formed. */
  setJson(row: number, bytes: Buffer, start: number, end: number): boolean {
    switch (bytes[start]) {
      case 34:
        return this.#setString(row, bytes, start + 1, end - 1);
      case 123:
      case 91:
        return this.setStructure(row, bytes, start, end);
      case 116:
        return this.setBool(row, true, bytes, start, end);
      case 102:
        return this.setBool(row, false, bytes, start, end);
      default:
        return this.setNumber(row, bytes, start, end);
    }
  }

  #setString(row: number, bytes: Buffer, start: number, end: number): boolean {
    let p = start;
    while (p < end && bytes[p] !== 92) p++;
    if (p === end) return this.setText(row, bytes, start, end);
    if (scratch.length < end - start) scratch = Buffer.allocUnsafeSlow((end - start) * 2);
    return this.setText(row, scratch, 0, unescapeInto(scratch, 0, bytes, start, end));
  }

  setNull(row: number): void {
    this.nulls ??= new Uint8Array(this.capacity);
    this.nulls[row] = 1;
  }

  clearNull(row: number): void {
    if (this.nulls !== null) this.nulls[row] = 0;
  }

  grow(capacity: number): void {
    this.capacity = capacity;
    if (this.nulls !== null) {
      const grown = new Uint8Array(capacity);
      grown.set(this.nulls);
      this.nulls = grown;
    }
    this.growValues();
  }

  /** Enlarges the lanes of the values to `capacity`. */
  protected abstract growValues(): void;

  /** Gives the lanes away and starts with fresh ones. */
  take(): Column {
    const column = this.takeColumn(this.nulls);
    this.nulls = null;
    return column;
  }

  protected abstract takeColumn(nulls: Nulls): Column;
}
