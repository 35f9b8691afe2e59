import {
  type Column,
  type DataType,
  integerRange,
  isInteger,
  type Nulls,
  parseDateSpan,
  parseDateTimeSpan,
  precisionOf,
  type Value,
  type Zone,
} from '@millrace/data';
import { Lane } from './lane.ts';
import { parseNumberSpan } from './number-text.ts';

/** Lanes of float64. */
abstract class Float64Lane extends Lane {
  values: Float64Array;

  constructor(capacity: number) {
    super(capacity);
    this.values = new Float64Array(capacity);
  }

  setValue(row: number, value: Value): void {
    this.values[row] = Number(value);
  }

  get(row: number): Value {
    return this.values[row]!;
  }

  protected growValues(): void {
    const grown = new Float64Array(this.capacity);
    grown.set(this.values);
    this.values = grown;
  }

  protected takeColumn(nulls: Nulls): Column {
    const { values } = this;
    this.values = new Float64Array(this.capacity);
    return { kind: 'number', values, nulls };
  }
}

/** Integers of up to 32 bits: whole numbers within the range, also as `1.0`. */
export class IntegerLane extends Float64Lane {
  readonly min: number;
  readonly max: number;

  constructor(type: DataType, capacity: number) {
    super(capacity);
    const { min, max } = isInteger(type) ? integerRange(type) : { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
    this.min = Number(min);
    this.max = Number(max);
  }

  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    const value = parseNumberSpan(bytes, start, end);
    if (value === undefined || !Number.isInteger(value) || value < this.min || value > this.max) return false;
    // A minus zero is a zero.
    this.values[row] = value + 0;
    return true;
  }

  override setBool(row: number, value: boolean): boolean {
    this.values[row] = value ? 1 : 0;
    return true;
  }
}

/** float32 and float64. */
export class FloatLane extends Float64Lane {
  readonly single: boolean;

  constructor(type: DataType, capacity: number) {
    super(capacity);
    this.single = type.kind === 'float32';
  }

  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    const value = parseNumberSpan(bytes, start, end);
    if (value === undefined) return false;
    this.values[row] = this.single ? Math.fround(value) : value;
    return true;
  }

  override setBool(row: number, value: boolean): boolean {
    this.values[row] = value ? 1 : 0;
    return true;
  }
}

/** `true`, `false`, 1, 0. */
export class BoolLane extends Float64Lane {
  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    const text = bytes.toString('latin1', start, end).toLowerCase();
    if (text !== 'true' && text !== 'false' && text !== '1' && text !== '0') return false;
    this.values[row] = text === 'true' || text === '1' ? 1 : 0;
    return true;
  }

  override get(row: number): Value {
    return this.values[row] !== 0;
  }

  override setBool(row: number, value: boolean): boolean {
    this.values[row] = value ? 1 : 0;
    return true;
  }
}

/** Days since the epoch: `YYYY-MM-DD`, or an integer. */
export class DateLane extends Float64Lane {
  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    return this.#set(row, parseDateSpan(bytes, start, end));
  }

  override setNumber(row: number, bytes: Buffer, start: number, end: number): boolean {
    return this.#set(row, parseNumberSpan(bytes, start, end) ?? Number.NaN);
  }

  #set(row: number, days: number): boolean {
    if (!Number.isInteger(days) || days < firstDay || days > lastDay) return false;
    this.values[row] = days;
    return true;
  }
}

const firstDay = parseDateSpan(Buffer.from('1900-01-01'), 0, 10);
const lastDay = parseDateSpan(Buffer.from('2299-12-31'), 0, 10);

/** Ticks of datetime and datetime64 of up to µs. */
export class DateTimeLane extends Float64Lane {
  readonly #precision: number;
  readonly #zone: Zone;

  constructor(type: DataType, zone: Zone, capacity: number) {
    super(capacity);
    this.#precision = precisionOf(type);
    this.#zone = zone;
  }

  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    const ticks = parseDateTimeSpan(bytes, start, end, this.#precision, this.#zone);
    this.values[row] = ticks;
    return !Number.isNaN(ticks);
  }
}
