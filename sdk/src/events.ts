import type { Column, Row, Value } from './values.ts';

/** Where a row or deletion comes from. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** The values of one column of a {@link RowsEvent}, without making rows of them. Row numbers begin at 0. */
export interface ColumnReader {
  readonly name: string;
  readonly type: string;
  /** As it would stand in the row. */
  value(row: number): Value;
  isNull(row: number): boolean;
  /** The raw bytes of a string-like value; valid until the hook returns, copy what is kept. Undefined for other types and NULL. */
  bytes(row: number): Uint8Array | undefined;
  /**
   * The lane itself, for hot loops: float64 for what {@link Value} calls `number` and `boolean` (0 and 1), 64-bit integers for `bigint`,
   * undefined for everything else. Longer than the rows perhaps; what stands in it where `isNull` is unspecified. Never written to.
   * Units of times are the type's own: days, seconds, ticks.
   */
  readonly lane: Float64Array | BigInt64Array | BigUint64Array | undefined;
}

/**
 * Rows of one stream in the order of one partition of it, as many as were at hand. Immutable.
 * Shape: `rowCount` rows of `columns`; rows are made when they are asked for.
 */
export interface RowsEvent<R extends Row = Row> {
  readonly kind: 'rows';
  readonly stream: string;
  readonly columns: readonly Column[];
  readonly rowCount: number;
  /** Every row as an object; made at the first use. */
  readonly rows: readonly R[];
  row(index: number): R;
  /** @throws {RangeError} for a column that is not there */
  column(name: keyof R & string): ColumnReader;
  /** The record's key, as bytes; null without one. */
  key(index: number): Uint8Array | null;
  /** Event time of the row (`_tp_time`), milliseconds since the epoch. */
  time(index: number): number;
  origin(index: number): Origin;
  /** The row as one line of JSON without a line break, as JSONEachRow writes it (64-bit integers as numbers): cheaper than making a row. */
  json(index: number): string;
  /** True for records that were there when the pipe was created. */
  readonly isHistorical: boolean;
}

/** A record without a value: what has its key is deleted. */
export interface DeleteEvent {
  readonly kind: 'delete';
  readonly stream: string;
  readonly key: Uint8Array | null;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly origin: Origin;
  readonly isHistorical: boolean;
}

/** Nothing has come for a while; the pipe is alive. */
export interface HeartbeatEvent {
  readonly kind: 'heartbeat';
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** Rows with an earlier event time are not expected any more. */
export interface WatermarkEvent {
  readonly kind: 'watermark';
  readonly stream: string;
  /** Event time, milliseconds since the epoch. */
  readonly time: number;
}

/** What flows through a pipe. Kinds that a plugin does not handle pass it by. */
export type PipeEvent<R extends Row = Row> = RowsEvent<R> | DeleteEvent | HeartbeatEvent | WatermarkEvent;
