/**
 * One value of a row, by the type of its column:
 *
 * | type | value |
 * |---|---|
 * | int8 … int32, uint8 … uint32, float32, float64 | `number` |
 * | int64, uint64 | `bigint` |
 * | bool | `boolean` |
 * | string, fixed_string, uuid, ipv4, ipv6, enum, json | `string` (text; of bytes that are no UTF-8, see {@link ColumnReader.bytes}) |
 * | date, datetime, datetime64(0 … 6) | `number`: milliseconds since the epoch, with a fraction below them |
 * | datetime64(7 … 9) | `bigint`: ticks of the column's precision since the epoch |
 * | array, tuple | an array |
 * | map | a `Map` |
 * | NULL | `null` |
 */
export type Value = number | bigint | boolean | string | null | readonly Value[] | ReadonlyMap<Value, Value>;

/** A row by the names of its columns. Plain data: changing it changes nothing but itself. */
export type Row = { readonly [column: string]: Value };

/** Name and SQL type of a column, e.g. `{ name: 'v', type: 'nullable(float64)' }`. */
export interface Column {
  readonly name: string;
  readonly type: string;
}
