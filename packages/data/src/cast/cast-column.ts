import { type BigIntColumn, type Column, columnKind, type Nulls, type NumberColumn, type StringColumn } from '../column.ts';
import { createColumnBuilder } from '../columns/column-builder.ts';
import { valueReader } from '../columns/value-at.ts';
import type { DataType } from '../data-type.ts';
import { parseDateTimeSpan, powersOfTen } from '../time/parse-date-time.ts';
import { zoneOfType } from '../time/ticks.ts';
import { isDateTime, isFloat, isInteger, isStringLike, precisionOf, removeNullable, sameType } from '../type/type-predicates.ts';
import { castError } from './cast-error.ts';
import { createCast } from './cast-value.ts';
import type { CastOptions } from './format-value.ts';

/**
 * Converts a column as {@link castValue} does its values. Lanes are shared where the values stay as they are; conversions
 * between numbers run over the lanes.
 * @throws {MillraceError} as castValue.
 */
export function castColumn(column: Column, from: DataType, to: DataType, rowCount: number, options: CastOptions): Column {
  const mayDropNulls = to.kind === 'nullable' || !hasNull(column, rowCount);
  const [source, target] = [removeNullable(from), removeNullable(to)];
  if (mayDropNulls) {
    if (sameType(source, target)) return column;
    const converted =
      column.kind === 'string'
        ? parseTimes(column, source, target, rowCount, options)
        : convertLanes(column, source, target, rowCount, options);
    if (converted !== null) return converted;
  }
  return convertValues(column, from, to, rowCount, options);
}

function hasNull(column: Column, rowCount: number): boolean {
  if (column.kind === 'value') return column.values.includes(null);
  if (column.nulls === null) return false;
  const at = column.nulls.indexOf(1);
  return at >= 0 && at < rowCount;
}

function convertValues(column: Column, from: DataType, to: DataType, rowCount: number, options: CastOptions): Column {
  const [read, cast, builder] = [valueReader(column, from), createCast(from, to, options), createColumnBuilder(to, rowCount)];
  for (let row = 0; row < rowCount; row++) builder.append(cast(read(row)));
  return builder.finish();
}

/** Number to number over the lanes; null if there is no such way between the types. Lanes of NULL rows convert to anything. */
function convertLanes(column: Column, from: DataType, to: DataType, rowCount: number, { exactIntegers }: CastOptions): Column | null {
  if (exactIntegers && isInteger(to)) return null;
  if (isDateTime(from) && isDateTime(to))
    return column.kind === 'number' && precisionOf(to) <= 6 ? rescale(column, from, to, rowCount) : null;
  const fromWhole = isInteger(from) || from.kind === 'bool';
  if (column.kind === 'bigint') {
    if (to.kind === 'float64' && fromWhole) return { kind: 'number', values: toDoubles(column.values, rowCount), nulls: column.nulls };
    return columnKind(to) === 'bigint' && isInteger(to) && fromWhole ? reinterpret(column, to) : null;
  }
  if (column.kind !== 'number') return null;
  const fromNumber = fromWhole || isFloat(from);
  if (to.kind === 'float64' && fromNumber) return column;
  if (to.kind === 'float32' && fromNumber) return mapLanes(column, rowCount, Math.fround);
  if (!fromWhole || !isInteger(to)) return null;
  return columnKind(to) === 'bigint' ? toBigInts(column, to, rowCount) : narrow(column, from, to, rowCount);
}

/** Texts to date-times straight from their bytes; null for other types. */
function parseTimes(
  { bytes, starts, ends, nulls }: StringColumn,
  from: DataType,
  to: DataType,
  rowCount: number,
  { timezone }: CastOptions,
): Column | null {
  if (!isStringLike(from) || !isDateTime(to) || columnKind(to) !== 'number') return null;
  const [precision, zone] = [precisionOf(to), zoneOfType(to, timezone)];
  const values = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    if (nulls !== null && nulls[row] === 1) continue;
    const ticks = parseDateTimeSpan(bytes, starts[row]!, ends[row]!, precision, zone);
    if (Number.isNaN(ticks)) throw castError(bytes.toString('latin1', starts[row]!, ends[row]!), to);
    values[row] = ticks;
  }
  return { kind: 'number', values, nulls };
}

function mapLanes({ values, nulls }: NumberColumn, rowCount: number, map: (value: number) => number): NumberColumn {
  const mapped = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) mapped[row] = map(values[row]!);
  return { kind: 'number', values: mapped, nulls };
}

function rescale(column: NumberColumn, from: DataType, to: DataType, rowCount: number): NumberColumn {
  const [source, target] = [precisionOf(from), precisionOf(to)];
  if (source === target) return column;
  const scale = powersOfTen[Math.abs(target - source)]!;
  return mapLanes(column, rowCount, target > source ? (ticks) => ticks * scale : (ticks) => Math.floor(ticks / scale));
}

/** Wraps into the target's bits, unless the source fits anyway. */
function narrow(column: NumberColumn, from: DataType, to: DataType, rowCount: number): NumberColumn {
  switch (to.kind) {
    case 'int8':
      return from.kind === 'bool' ? column : mapLanes(column, rowCount, (value) => (value << 24) >> 24);
    case 'int16':
      return /^(?:bool|u?int8)$/.test(from.kind) ? column : mapLanes(column, rowCount, (value) => (value << 16) >> 16);
    case 'int32':
      return from.kind === 'uint32' ? mapLanes(column, rowCount, (value) => value | 0) : column;
    case 'uint8':
      return from.kind === 'bool' ? column : mapLanes(column, rowCount, (value) => value & 0xff);
    case 'uint16':
      return from.kind === 'bool' || from.kind === 'uint8' ? column : mapLanes(column, rowCount, (value) => value & 0xffff);
    default:
      return from.kind.startsWith('int') ? mapLanes(column, rowCount, (value) => value >>> 0) : column;
  }
}

/** Whole doubles of up to 53 bits as 64-bit lanes, half by half: no BigInt is made. */
function toBigInts({ values, nulls }: NumberColumn, to: DataType, rowCount: number): BigIntColumn {
  const lanes = to.kind === 'uint64' ? new BigUint64Array(rowCount) : new BigInt64Array(rowCount);
  const halves = new Int32Array(lanes.buffer);
  for (let row = 0; row < rowCount; row++) {
    const value = values[row]!;
    halves[row * 2] = value | 0;
    halves[row * 2 + 1] = Math.floor(value / 4_294_967_296);
  }
  return { kind: 'bigint', values: lanes, nulls };
}

function toDoubles(values: BigIntColumn['values'], rowCount: number): Float64Array {
  const doubles = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) doubles[row] = Number(values[row]);
  return doubles;
}

/** int64 and uint64 share their bits. */
function reinterpret({ values, nulls }: { readonly values: BigIntColumn['values']; readonly nulls: Nulls }, to: DataType): BigIntColumn {
  const Lanes = to.kind === 'uint64' ? BigUint64Array : BigInt64Array;
  return { kind: 'bigint', values: new Lanes(values.buffer as ArrayBuffer, values.byteOffset, values.length), nulls };
}
