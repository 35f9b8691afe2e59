import { type ByteString, type Column, type DataType, type Nulls, parseValue, type Value } from '@millrace/data';
import { skipBlanks, skipValue } from '../json/scan.ts';
import { Lane } from './lane.ts';

const nothing = Buffer.alloc(0);

/**
 * Strings as spans. As long as every row lies in the decoded bytes they point there; the first row that does not
 * (it had escapes, or is a default) turns the lane to a buffer of its own, into which all rows are copied.
 * A scalar goes in as its text, an array or object as its JSON text.
 */
export class StringLane extends Lane {
  starts: Int32Array;
  ends: Int32Array;
  /** Null while rows are spans of the decoded bytes. */
  own: Buffer | null = null;
  #source: Buffer = nothing;
  #ownLength = 0;

  constructor(capacity: number) {
    super(capacity);
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
  }

  override begin(bytes: Buffer): void {
    this.#source = bytes;
    this.own = null;
  }

  get(row: number): Value {
    return (this.own ?? this.#source).toString('latin1', this.starts[row], this.ends[row]);
  }

  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    if (this.own === null && bytes === this.#source) this.#setSpan(row, start, end);
    else this.#copy(row, bytes, start, end);
    return true;
  }

  override setBool(row: number, _value: boolean, bytes: Buffer, start: number, end: number): boolean {
    return this.setText(row, bytes, start, end);
  }

  override setStructure(row: number, bytes: Buffer, start: number, end: number): boolean {
    return this.setText(row, bytes, start, end);
  }

  setValue(row: number, value: Value): void {
    const bytes = value === '' ? this.#source : Buffer.from(value as ByteString, 'latin1');
    this.setText(row, bytes, 0, (value as ByteString).length);
  }

  override setNull(row: number): void {
    super.setNull(row);
    this.#setSpan(row, 0, 0);
  }

  #setSpan(row: number, start: number, end: number): void {
    this.starts[row] = start;
    this.ends[row] = end;
  }

  #copy(row: number, bytes: Buffer, start: number, end: number): void {
    if (this.own === null) this.#leaveSource(row);
    const length = end - start;
    this.#reserve(length);
    bytes.copy(this.own!, this.#ownLength, start, end);
    this.#setSpan(row, this.#ownLength, this.#ownLength + length);
    this.#ownLength += length;
  }

  #leaveSource(rowCount: number): void {
    this.own = Buffer.allocUnsafeSlow(Math.max(1024, this.capacity * 16));
    this.#ownLength = 0;
    for (let row = 0; row < rowCount; row++) this.#copy(row, this.#source, this.starts[row]!, this.ends[row]!);
  }

  #reserve(length: number): void {
    if (this.#ownLength + length <= this.own!.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#ownLength + length, this.own!.length * 2));
    this.own!.copy(grown, 0, 0, this.#ownLength);
    this.own = grown;
  }

  protected growValues(): void {
    const [starts, ends] = [new Int32Array(this.capacity), new Int32Array(this.capacity)];
    starts.set(this.starts);
    ends.set(this.ends);
    [this.starts, this.ends] = [starts, ends];
  }

  protected takeColumn(nulls: Nulls): Column {
    const column: Column = { kind: 'string', bytes: this.own ?? this.#source, starts: this.starts, ends: this.ends, nulls };
    this.starts = new Int32Array(this.capacity);
    this.ends = new Int32Array(this.capacity);
    this.own = null;
    this.#source = nothing;
    return column;
  }
}

/** Types kept as strings whose text must have a form: fixed_string, uuid, addresses, enum. */
export class FormedStringLane extends StringLane {
  readonly #type: DataType;
  readonly #enumNames: ReadonlyMap<number, string> | null;

  constructor(type: DataType, capacity: number) {
    super(capacity);
    this.#type = type;
    this.#enumNames = type.kind === 'enum8' || type.kind === 'enum16' ? new Map(type.values.map(([name, value]) => [value, name])) : null;
  }

  override setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    const text = bytes.toString('latin1', start, end);
    let value: Value;
    try {
      value = parseValue(text, this.#type, { timezone: 'UTC' });
    } catch {
      return false;
    }
    if (value === text) return super.setText(row, bytes, start, end);
    this.setValue(row, value);
    return true;
  }

  /** Of an enum a number is the value; other types have no numbers. */
  override setNumber(row: number, bytes: Buffer, start: number, end: number): boolean {
    const name = this.#enumNames?.get(Number(bytes.toString('latin1', start, end)));
    if (name === undefined) return false;
    this.setValue(row, Buffer.from(name).toString('latin1'));
    return true;
  }

  override setBool(): boolean {
    return false;
  }

  override setStructure(): boolean {
    return false;
  }

  override setValue(row: number, value: Value): void {
    super.setText(row, Buffer.from(value as ByteString, 'latin1'), 0, (value as ByteString).length);
  }
}

/** JSON of any shape, kept as its text. */
export class JsonLane extends StringLane {
  override setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    const valueEnd = skipValue(bytes, start, end);
    return valueEnd >= 0 && skipBlanks(bytes, valueEnd, end) === end && super.setText(row, bytes, start, end);
  }

  override setJson(row: number, bytes: Buffer, start: number, end: number): boolean {
    return super.setText(row, bytes, start, end);
  }
}
