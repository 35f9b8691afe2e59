export { BinaryReader, damaged } from './binary/binary-reader.ts';
export { BinaryWriter } from './binary/binary-writer.ts';
export { readColumn, writeColumn } from './binary/column-codec.ts';
export { readValue, writeValue } from './binary/value-codec.ts';
export { fromText, toText } from './byte-string.ts';
export { canonicalIpv4, canonicalIpv6, canonicalUuid } from './cast/address-text.ts';
export { castColumn } from './cast/cast-column.ts';
export { canCast, castValue, createCast, parseValue } from './cast/cast-value.ts';
export { type CastOptions, createFormatter, formatValue, quoteText } from './cast/format-value.ts';
export { formatFloat32, formatFloat64, parseFloatText, parseIntegerText } from './cast/number-text.ts';
export type { Cast } from './cast/scalar-casts.ts';
export type { Chunk } from './chunk.ts';
export {
  type BigIntColumn,
  type ByteString,
  type Column,
  columnKind,
  type Nulls,
  type NumberColumn,
  type StringColumn,
  type Value,
  type ValueColumn,
} from './column.ts';
export {
  type ChunkMessage,
  chunkFromMessage,
  chunkSizeBytes,
  chunkToMessage,
  columnSizeBytes,
  valueSizeBytes,
} from './columns/chunk-transfer.ts';
export {
  BigIntColumnBuilder,
  type ColumnBuilder,
  createColumnBuilder,
  NumberColumnBuilder,
  StringColumnBuilder,
  ValueColumnBuilder,
} from './columns/column-builder.ts';
export { defaultValue } from './columns/default-value.ts';
export { columnOf, constantColumn } from './columns/make-column.ts';
export { type ColumnPart, concatColumns, gather, sliceColumn, withNulls } from './columns/reshape-column.ts';
export { isNullAt, valueAt, valueReader } from './columns/value-at.ts';
export { type Comparator, compareValues, createComparator, valueKey } from './compare-values.ts';
export type { CalendarUnit, DataType, Field, Schema, SimpleTypeKind } from './data-type.ts';
export { createDictionary, GroupTable } from './group/group-table.ts';
export { hashBytes } from './group/hash-index.ts';
export type { KeyDictionary, Selection } from './group/key-dictionary.ts';
export { type IdOwner, PairDictionary } from './group/pair-dictionary.ts';
export {
  type CivilDate,
  civilFromDays,
  dayOfWeek,
  dayOfYear,
  daysFromCivil,
  daysInMonth,
  isLeapYear,
  maxDays,
  minDays,
  msPerDay,
} from './time/civil.ts';
export { formatDate, formatDateTime, maxDateTimeLength, writeDate, writeDateTime } from './time/format-date-time.ts';
export {
  isTicksInRange,
  parseDate,
  parseDateSpan,
  parseDateTime,
  parseDateTimeBigInt,
  parseDateTimeSpan,
  parseDateTimeSpanBigInt,
} from './time/parse-date-time.ts';
export { msToTicks, rescaleTicks, temporalFromMs, temporalToMs, ticksToMs, zoneOfType } from './time/ticks.ts';
export { addToDate, fixedLengthMs, floorDate, type TimeParts, Zone, zone } from './time/zone.ts';
export { commonType, comparisonType } from './type/common-type.ts';
export { formatDataType } from './type/format-data-type.ts';
export { parseDataType } from './type/parse-data-type.ts';
export {
  type IntegerRange,
  integerRange,
  isBool,
  isComposite,
  isDate,
  isDateTime,
  isEnum,
  isFloat,
  isInteger,
  isInterval,
  isNullable,
  isNumeric,
  isSignedInteger,
  isStringLike,
  isTemporal,
  isUnsignedInteger,
  makeNullable,
  precisionOf,
  removeNullable,
  sameType,
  zoneOf,
} from './type/type-predicates.ts';
