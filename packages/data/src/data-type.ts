/**
 * The data types of SQL, as plain data (they travel inside plans).
 *
 * `low_cardinality(t)` is read as `t`. Spellings and aliases: {@link parseDataType}.
 */
export type DataType =
  | { readonly kind: SimpleTypeKind }
  | { readonly kind: 'fixed_string'; readonly length: number }
  /** Seconds since the epoch. `zone` null = the server's. */
  | { readonly kind: 'datetime'; readonly zone: string | null }
  /** Ticks of 10^-precision seconds since the epoch, precision 0 … 9. */
  | { readonly kind: 'datetime64'; readonly precision: number; readonly zone: string | null }
  | { readonly kind: 'enum8' | 'enum16'; readonly values: readonly (readonly [name: string, value: number])[] }
  | { readonly kind: 'array'; readonly element: DataType }
  | { readonly kind: 'map'; readonly key: DataType; readonly value: DataType }
  | { readonly kind: 'tuple'; readonly elements: readonly { readonly name: string | null; readonly type: DataType }[] }
  | { readonly kind: 'nullable'; readonly inner: DataType }
  /** The type of INTERVAL expressions: a count of units. Never a column's. */
  | { readonly kind: 'interval'; readonly unit: CalendarUnit };

export type SimpleTypeKind =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float32'
  | 'float64'
  | 'bool'
  | 'string'
  | 'uuid'
  | 'ipv4'
  | 'ipv6'
  | 'json'
  /** Days since the epoch. */
  | 'date'
  /** The type of a bare NULL (always inside nullable) and of the elements of `[]`. */
  | 'nothing';

export type CalendarUnit =
  | 'nanosecond'
  | 'microsecond'
  | 'millisecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year';

/** One named, typed column of a schema. */
export interface Field {
  readonly name: string;
  readonly type: DataType;
}

/** Names and types of the columns of a chunk, in order. */
export type Schema = readonly Field[];
