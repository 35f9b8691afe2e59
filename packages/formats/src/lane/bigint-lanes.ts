import {
  type Column,
  type DataType,
  integerRange,
  type Nulls,
  parseDateTimeSpanBigInt,
  parseIntegerText,
  precisionOf,
  type Value,
  type Zone,
} from '@millrace/data';
import { Lane } from './lane.ts';
import { exactDigits, parseNumberSpan } from './number-text.ts';

/** Lanes of 64 bits. `words` are the same bytes as pairs of 32 bits, so that small numbers need no BigInt. */
abstract class BigIntLane extends Lane {
  readonly #unsigned: boolean;
  protected words: Int32Array;
  protected values: BigInt64Array | BigUint64Array;

  constructor(unsigned: boolean, capacity: number) {
    super(capacity);
    this.#unsigned = unsigned;
    this.words = new Int32Array(capacity * 2);
    this.values = this.#view();
  }

  setValue(row: number, value: Value): void {
    this.values[row] = value as bigint;
  }

  get(row: number): Value {
    return this.values[row]!;
  }

  #view(): BigInt64Array | BigUint64Array {
    return this.#unsigned ? new BigUint64Array(this.words.buffer) : new BigInt64Array(this.words.buffer);
  }

  protected growValues(): void {
    const grown = new Int32Array(this.capacity * 2);
    grown.set(this.words);
    this.words = grown;
    this.values = this.#view();
  }

  protected takeColumn(nulls: Nulls): Column {
    const { values } = this;
    this.words = new Int32Array(this.capacity * 2);
    this.values = this.#view();
    return { kind: 'bigint', values, nulls };
  }
}

/** Multi-byte lanes are in the byte order of the machine. */
const lowWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** int64 and uint64: whole numbers within the range, exact, also as `1.0`. */
export class Int64Lane extends BigIntLane {
  readonly #min: bigint;
  readonly #max: bigint;

  constructor(type: DataType, capacity: number) {
    super(type.kind === 'uint64', capacity);
    ({ min: this.#min, max: this.#max } = integerRange(type));
  }

  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    if (end - start <= exactDigits) {
      const value = parseNumberSpan(bytes, start, end);
      return value !== undefined && Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER
        ? this.setSafeInteger(row, value)
        : this.#setLong(row, bytes, start, end);
    }
    return this.#setLong(row, bytes, start, end);
  }

  /** A whole number of at most 53 bits. */
  setSafeInteger(row: number, value: number): boolean {
    if (value < 0 && this.#min === 0n) return false;
    this.words[row * 2 + lowWord] = value;
    this.words[row * 2 + 1 - lowWord] = Math.floor(value / 2 ** 32);
    return true;
  }

  override setBool(row: number, value: boolean): boolean {
    return this.setSafeInteger(row, value ? 1 : 0);
  }

  #setLong(row: number, bytes: Buffer, start: number, end: number): boolean {
    let value = parseIntegerText(bytes.toString('latin1', start, end));
    if (value === undefined) {
      const number = parseNumberSpan(bytes, start, end);
      if (number === undefined || !Number.isInteger(number)) return false;
      value = BigInt(number);
    }
    if (value < this.#min || value > this.#max) return false;
    this.values[row] = value;
    return true;
  }
}

/** Ticks of datetime64 finer than µs. */
export class FineDateTimeLane extends BigIntLane {
  readonly #precision: number;
  readonly #zone: Zone;

  constructor(type: DataType, zone: Zone, capacity: number) {
    super(false, capacity);
    this.#precision = precisionOf(type);
    this.#zone = zone;
  }

  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    const ticks = parseDateTimeSpanBigInt(bytes, start, end, this.#precision, this.#zone);
    if (ticks === null) return false;
    this.values[row] = ticks;
    return true;
  }
}
