import {
  type Column,
  columnKind,
  createFormatter,
  type DataType,
  maxDateTimeLength,
  type NumberColumn,
  precisionOf,
  removeNullable,
  type StringColumn,
  type Value,
  valueAt,
  writeDate,
  writeDateTime,
  zoneOfType,
} from '@millrace/data';
import type { OutputBuffer } from './output-buffer.ts';
import { writeFloat32, writeFloat64 } from './write-float.ts';

/** Writes the value of one row of a column, which is not NULL. */
export type CellWriter = (out: OutputBuffer, column: Column, row: number) => void;

/** Writes `bytes[start … end)` with what a format needs around and inside of it (quotes, escapes). */
export type TextWriter = (out: OutputBuffer, bytes: Buffer, start: number, end: number) => void;

/** Where formats differ in how they write a scalar. */
export interface ScalarStyle {
  readonly timezone: string;
  /** Strings of any kind. */
  readonly text: TextWriter;
  /** Put before and behind dates and times. */
  readonly quote: number | null;
  readonly quote64BitIntegers: boolean;
  /** What is written for nan and ±inf. */
  readonly denormal: (value: number) => string;
}

/** The writer of a scalar type, or undefined for composite types. */
export function scalarWriter(given: DataType, style: ScalarStyle): CellWriter | undefined {
  const type = removeNullable(given);
  switch (type.kind) {
    case 'array':
    case 'map':
    case 'tuple':
      return undefined;
    case 'float32':
      return floatWriter(writeFloat32, style);
    case 'float64':
      return floatWriter(writeFloat64, style);
    case 'bool':
      return (out, column, row) => out.latin1((column as NumberColumn).values[row] === 0 ? 'false' : 'true');
    case 'date':
      return quoted(style, 10, (out, column, row) => writeDate(out.bytes, out.length, (column as NumberColumn).values[row]!));
    case 'datetime':
    case 'datetime64':
      return dateTimeWriter(type, style);
    case 'nothing':
      return () => {};
    default:
      return columnKind(type) === 'string' ? stringWriter(style.text) : columnKind(type) === 'bigint' ? bigintWriter(style) : writeInteger;
  }
}

const writeInteger: CellWriter = (out, column, row) => out.integer((column as NumberColumn).values[row]!);

function stringWriter(write: TextWriter): CellWriter {
  return (out, column, row) => {
    const { bytes, starts, ends } = column as StringColumn;
    write(out, bytes, starts[row]!, ends[row]!);
  };
}

function floatWriter(write: (out: OutputBuffer, value: number) => void, style: ScalarStyle): CellWriter {
  return (out, column, row) => {
    const value = (column as NumberColumn).values[row]!;
    if (Number.isFinite(value)) write(out, value);
    else out.latin1(style.denormal(value));
  };
}

function bigintWriter({ quote64BitIntegers }: ScalarStyle): CellWriter {
  return (out, column, row) => {
    const value = column.kind === 'bigint' ? column.values[row]! : 0n;
    if (quote64BitIntegers) out.byte(34);
    const number = Number(value);
    if (Number.isSafeInteger(number)) out.integer(number);
    else out.latin1(String(value));
    if (quote64BitIntegers) out.byte(34);
  };
}

/** The rows of a window share its bounds: the text of a value that comes again is kept. */
function dateTimeWriter(type: DataType, style: ScalarStyle): CellWriter {
  const [precision, zone] = [precisionOf(type), zoneOfType(type, style.timezone)];
  const kept = Buffer.allocUnsafeSlow(maxDateTimeLength);
  let keptLength = 0;
  let last: number | bigint = Number.NaN;
  return quoted(style, maxDateTimeLength, (out, column, row) => {
    const ticks = column.kind === 'bigint' ? column.values[row]! : (column as NumberColumn).values[row]!;
    const { bytes, length: at } = out;
    if (ticks !== last) {
      last = ticks;
      keptLength = 0;
      return writeDateTime(bytes, at, ticks, precision, zone);
    }
    if (keptLength === 0) keptLength = writeDateTime(kept, 0, ticks, precision, zone);
    for (let i = 0; i < keptLength; i++) bytes[at + i] = kept[i]!;
    return at + keptLength;
  });
}

/** Makes room, writes at the end of the buffer what gives its new end, and puts the quotes around. */
function quoted({ quote }: ScalarStyle, room: number, write: (out: OutputBuffer, column: Column, row: number) => number): CellWriter {
  return (out, column, row) => {
    out.reserve(room + 2);
    if (quote !== null) out.byte(quote);
    out.length = write(out, column, row);
    if (quote !== null) out.byte(quote);
  };
}

/** A writer that puts a word for NULL. */
export function withNull(write: CellWriter, word: string): CellWriter {
  return (out, column, row) => {
    const isNull = column.kind === 'value' ? column.values[row] === null : column.nulls !== null && column.nulls[row] === 1;
    if (isNull) out.latin1(word);
    else write(out, column, row);
  };
}

/** Composite values by the text that SQL shows of them. */
export function compositeTextWriter(type: DataType, style: ScalarStyle): CellWriter {
  const inner = removeNullable(type);
  const format: (value: Value) => string = createFormatter(inner, style);
  return (out, column, row) => {
    const bytes = Buffer.from(format(valueAt(column, inner, row)), 'latin1');
    style.text(out, bytes, 0, bytes.length);
  };
}
