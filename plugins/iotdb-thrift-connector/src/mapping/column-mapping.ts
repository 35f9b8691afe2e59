import type { ColumnReader, Value } from '@millrace/sdk';
import type { CellValue, DataType } from '../rpc/data-type.ts';
import { jsonText } from './json-text.ts';
import { convertTicks, dateNumber, ticksOfMs } from './server-time.ts';

/** What of the server a mapping depends on. */
export interface ServerTypes {
  /** Digits of a second in its times. */
  readonly precision: number;
  /** Whether it knows TIMESTAMP and DATE: since 1.3.3. */
  readonly hasDates: boolean;
}

/** How values of a column become those of a measurement. */
export interface ColumnMapping {
  readonly type: DataType;
  /** Of a row that is not NULL. @throws {RangeError} for a value that IoTDB has no place for */
  readonly cell: (column: ColumnReader, row: number) => CellValue;
}

const int64Max = 2n ** 63n - 1n;
const text = (value: string) => Buffer.from(value, 'utf8');
/** @param read what becomes of a value, which is never NULL */
const mapping = <V extends Value>(type: DataType, read: (value: V) => CellValue): ColumnMapping => ({
  type,
  cell: (column, row) => read(column.value(row) as V),
});

const int32 = mapping('INT32', (value: number) => value);
const int64 = mapping('INT64', (value: bigint) => value);
const spelled = mapping('TEXT', (value: string) => text(value));
const json = mapping('TEXT', (value) => text(jsonText(value)));
const bytes: ColumnMapping = { type: 'TEXT', cell: (column, row) => textBytes(column, row) };

/** By the kind of type; times and dates depend on the server. */
const fixed: { readonly [kind: string]: ColumnMapping } = {
  int8: int32,
  int16: int32,
  int32,
  uint8: int32,
  uint16: int32,
  uint32: mapping('INT64', (value: number) => BigInt(value)),
  int64,
  uint64: mapping('INT64', (value: bigint) => {
    if (value > int64Max) throw new RangeError(`${value} is more than an INT64 of IoTDB holds, at most ${int64Max}`);
    return value;
  }),
  float32: mapping('FLOAT', (value: number) => value),
  float64: mapping('DOUBLE', (value: number) => value),
  bool: mapping('BOOLEAN', (value: boolean) => value),
  string: bytes,
  fixed_string: bytes,
  uuid: spelled,
  ipv4: spelled,
  ipv6: spelled,
  enum8: spelled,
  enum16: spelled,
  json: spelled,
};

/**
 * The measurement that a column becomes. Arrays, maps and tuples are JSON in TEXT; servers without DATE get days as `yyyy-mm-dd` in TEXT,
 * those without TIMESTAMP get times in their own precision in INT64.
 * @param type as in {@link Column}, e.g. `nullable(datetime64(3, 'UTC'))`
 */
export function mapColumn(type: string, server: ServerTypes): ColumnMapping {
  const { kind, digits } = parseType(type);
  if (kind === 'date') return dateMapping(server);
  if (kind === 'datetime' || kind === 'datetime64') return timeMapping(digits, server);
  return fixed[kind] ?? json;
}

/** `_tp_time` of a row, in the precision of the server. */
export function timeOf(value: number | bigint, digits: number, precision: number): bigint {
  return typeof value === 'bigint' ? convertTicks(value, digits, precision) : ticksOfMs(value, precision);
}

/** The kind of a type, and for times how many digits of a second it has. */
export function parseType(type: string): { readonly kind: string; readonly digits: number } {
  const inner = /^(?:nullable|low_cardinality)\((.*)\)$/s.exec(type)?.[1];
  if (inner !== undefined) return parseType(inner);
  const [, kind = '', argument] = /^(\w+)(?:\((\d+))?/.exec(type) ?? [];
  return { kind, digits: kind === 'datetime64' ? Number(argument ?? 3) : 0 };
}

function timeMapping(digits: number, { precision, hasDates }: ServerTypes): ColumnMapping {
  return mapping(hasDates ? 'TIMESTAMP' : 'INT64', (value: number | bigint) => timeOf(value, digits, precision));
}

function dateMapping({ hasDates }: ServerTypes): ColumnMapping {
  if (hasDates) return mapping('DATE', (value: number) => dateNumber(value));
  return mapping('TEXT', (value: number) => text(new Date(value).toISOString().slice(0, 10)));
}

/** A copy: what the reader shows is valid during the call only. */
function textBytes(column: ColumnReader, row: number): Buffer {
  const raw = column.bytes(row);
  return raw === undefined ? text(column.value(row) as string) : Buffer.from(raw);
}
