import type { CalendarUnit, DataType, Schema, Value } from '@millrace/data';
import type { Argument } from '@millrace/functions';

/**
 * The plan: plain data (structured-cloneable) that the runtime turns into operators. It knows no SQL and no catalog.
 * A node's `schema` describes the chunks that it hands out; expressions refer to columns of the node's input by index.
 */

// ---------------------------------------------------------------- expressions

/** A bound, typed expression. Casts are explicit: an argument's type is what the resolved function takes (nullable aside). */
export type PlanExpression =
  | { readonly kind: 'constant'; readonly type: DataType; readonly value: Value }
  | { readonly kind: 'column'; readonly type: DataType; readonly index: number }
  /** `resolvedFrom` is what the function was resolved from; the runtime resolves again from it and gets the same kernel. */
  | {
      readonly kind: 'call';
      readonly type: DataType;
      readonly function: string;
      readonly arguments: readonly PlanExpression[];
      readonly resolvedFrom: readonly Argument[];
    }
  | { readonly kind: 'cast'; readonly type: DataType; readonly operand: PlanExpression }
  /** A lambda argument; its body may use columns of the row, its own parameters, and those of lambdas around it. */
  | {
      readonly kind: 'lambda';
      readonly type: DataType;
      readonly parameters: readonly { readonly id: number; readonly type: DataType }[];
      readonly body: PlanExpression;
    }
  | { readonly kind: 'parameter'; readonly type: DataType; readonly id: number };

/** One aggregate of an aggregation. `function` may be an `_if` form: then the condition is the last argument. */
export interface PlanAggregate {
  readonly function: string;
  readonly type: DataType;
  readonly parameters: readonly Value[];
  readonly arguments: readonly PlanExpression[];
  readonly resolvedFrom: readonly Argument[];
}

// ---------------------------------------------------------------- sources

/** Where one output column of a scan comes from. */
export type ScanColumn =
  /** A field of the record value, decoded by the stream's format. `fallback` as in the formats package. */
  | {
      readonly from: 'value';
      readonly name: string;
      readonly type: DataType;
      readonly fallback: { readonly kind: 'value'; readonly value: Value } | { readonly kind: 'null' } | { readonly kind: 'refuse' };
    }
  /** The whole record value as one string column (format RawBLOB). */
  | { readonly from: 'raw' }
  /** What the record itself carries. `timestamp` and `appendTime` in ms; `headers` as map(string, string). */
  | { readonly from: 'offset' | 'partition' | 'timestamp' | 'append_time' | 'key' | 'headers' };

/** Where a scan begins. Offsets are by partition; a single one holds for all. */
export type StartPosition =
  | { readonly at: 'earliest' }
  | { readonly at: 'latest' }
  /** The first record whose record timestamp is ≥ `timeMs`; the end if there is none. */
  | { readonly at: 'time'; readonly timeMs: number }
  | { readonly at: 'offsets'; readonly offsets: readonly number[] };

/**
 * How event time runs in a source. `time` gives a row's event time over the scan's columns as datetime64(3), so in ms (float lanes,
 * NULL = the record goes to the error policy); the watermark of a partition is the largest seen minus `delayMs`.
 */
export interface WatermarkPlan {
  readonly time: PlanExpression;
  readonly delayMs: number;
  /** 0 = a partition never becomes idle. */
  readonly idleTimeoutMs: number;
  /** Rows further ahead of the clock than this do not move the watermark; null = no bound. */
  readonly maxFutureSkewMs: number | null;
}

/** What tasks that exchange rows tell each other beside them. */
export interface ExchangePlan {
  /** True if it is told how far each source partition has come in event time. */
  readonly hasWatermarks: boolean;
}

export interface ScanNode {
  readonly node: 'scan';
  readonly schema: Schema;
  readonly stream: string;
  readonly topic: string;
  /** Of the topic that the stream was created over; left out where it is not known. */
  readonly topicId?: string;
  readonly format: string;
  /**
   * One for each field of the schema, in order; none at all where only the number of rows counts.
   * Schema types: of a value column its type (nullable where the fallback is `null`), `offset` int64, `partition` int32,
   * `timestamp` and `append_time` datetime64(3, 'UTC'), so ms, `key` nullable(string), `headers` map(string, string), `raw` string.
   */
  readonly columns: readonly ScanColumn[];
  /** For formats that go by place (CSV, TSV): the names of all fields of a record, in order. */
  readonly fields?: readonly string[];
  readonly start: StartPosition;
  /** True = read to the end offsets taken when the query starts, then end (`table(s)`). */
  readonly bounded: boolean;
  /** Set under event-time windows. */
  readonly watermark: WatermarkPlan | null;
  /** True where a view alone writes the topic: how far it has come in event time stands at the last record of each of its transactions. */
  readonly readsWatermarks?: true;
  /**
   * Set where several tasks of a view write the topic, each for some of so many parts of its groups: rows come as each of them gets on,
   * and only what has been told for every part says how far event time has come.
   */
  readonly watermarkParts?: number;
  /** Set where tasks of the same view write the topic for each other: what its records hold follows from the schema alone, and `columns` are none. */
  readonly exchange?: ExchangePlan;
  /** True where results depend on record batches one by one (ON UPDATE, PER EVENT): the source must not put several into one chunk. */
  readonly batchPerChunk: boolean;
}

/** A fixed set of rows: `SELECT 1` (one row without columns), or literal rows. */
export interface ValuesNode {
  readonly node: 'values';
  readonly schema: Schema;
  readonly rows: readonly (readonly Value[])[];
}

// ---------------------------------------------------------------- stateless

export interface FilterNode {
  readonly node: 'filter';
  readonly schema: Schema;
  readonly input: PlanNode;
  readonly predicate: PlanExpression;
}
export interface ProjectNode {
  readonly node: 'project';
  readonly schema: Schema;
  readonly input: PlanNode;
  readonly expressions: readonly PlanExpression[];
}
/**
 * Unfolds each row into one row for each element of an array (`array_join`), none where it is empty or NULL.
 * Output columns: those of the input, and behind them the element.
 */
export interface UnnestNode {
  readonly node: 'unnest';
  readonly schema: Schema;
  readonly input: PlanNode;
  readonly array: PlanExpression;
}
/** Inputs are bounded and have the same types; rows come input by input. */
export interface UnionNode {
  readonly node: 'union';
  readonly schema: Schema;
  readonly inputs: readonly PlanNode[];
}

// ---------------------------------------------------------------- stateful

/** An amount of time: calendar units by calendar. */
export interface PlanInterval {
  readonly amount: number;
  readonly unit: CalendarUnit;
}

/**
 * Windows of an aggregation. Tumbling: `slide` = `size`. `time` gives the event time over the input's columns as datetime64(3), so in ms.
 * Windows are `[start, end)`, aligned to the epoch in `zone`.
 *
 * Over the windows of another aggregation `time` is the inner `window_end`, and only the scan below the inner one has a watermark:
 * its marks travel on through the inner aggregation unchanged, behind the groups that they close. That is right because every
 * group that comes behind a mark has a later `window_end`.
 */
export interface WindowPlan {
  readonly kind: 'tumble' | 'hop';
  readonly time: PlanExpression;
  readonly slide: PlanInterval;
  readonly size: PlanInterval;
  readonly zone: string;
  /** The type of window_start and window_end: that of the time column (datetime or datetime64). */
  readonly boundType: DataType;
}

/** When an aggregation hands out results. */
export type EmitPlan =
  /** Bounded input: once, at its end. */
  | { readonly when: 'end' }
  /** Each window once, when the watermark passes its end; `timeoutMs`: without a row for so long (processing time) close what is open. */
  | { readonly when: 'watermark'; readonly timeoutMs: number | null }
  /** Every so often (processing time): global and grouped aggregation: a snapshot of all groups if anything changed (`repeat`: also if not); windows: those that changed. */
  | { readonly when: 'periodic'; readonly intervalMs: number; readonly repeat: boolean }
  /** What changed, once for each record batch; with `batchMs`, at most that often. */
  | { readonly when: 'update'; readonly batchMs: number | null }
  /** One row out for each row in: the state of its group after it. */
  | { readonly when: 'event' };

/**
 * Groups rows and aggregates them. Output columns: with a window `window_start`, `window_end` first; then the keys; then the aggregates.
 * Without keys and window a bounded input gives exactly one row.
 */
export interface AggregateNode {
  readonly node: 'aggregate';
  readonly schema: Schema;
  readonly input: PlanNode;
  readonly window: WindowPlan | null;
  readonly keys: readonly PlanExpression[];
  readonly aggregates: readonly PlanAggregate[];
  readonly emit: EmitPlan;
}

export interface SortKey {
  readonly expression: PlanExpression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
/** `scope` whole = the bounded input; emission = the rows that are handed out together (one closed window, one snapshot). `limit` lets it keep only so many. */
export interface SortNode {
  readonly node: 'sort';
  readonly schema: Schema;
  readonly input: PlanNode;
  readonly keys: readonly SortKey[];
  readonly limit: number | null;
  readonly scope: 'whole' | 'emission';
}
/** Passes rows offset … offset + limit − 1 and then ends the query (scope whole), or does so within each emission. `limit` null = no bound. */
export interface LimitNode {
  readonly node: 'limit';
  readonly schema: Schema;
  readonly input: PlanNode;
  readonly limit: number | null;
  readonly offset: number;
  readonly scope: 'whole' | 'emission';
}
/** At most `limit` rows for each value of the keys. */
export interface LimitByNode {
  readonly node: 'limit_by';
  readonly schema: Schema;
  readonly input: PlanNode;
  readonly limit: number;
  readonly keys: readonly PlanExpression[];
  readonly scope: 'whole' | 'emission';
}
/** Each distinct row once. */
export interface DistinctNode {
  readonly node: 'distinct';
  readonly schema: Schema;
  readonly input: PlanNode;
  readonly scope: 'whole' | 'emission';
}

export type PlanNode =
  | ScanNode
  | ValuesNode
  | FilterNode
  | ProjectNode
  | UnnestNode
  | UnionNode
  | AggregateNode
  | SortNode
  | LimitNode
  | LimitByNode
  | DistinctNode;

// ---------------------------------------------------------------- whole plans

/** The plan of a query. */
export interface QueryPlan {
  readonly root: PlanNode;
  readonly schema: Schema;
  /** True if the query ends by itself because all its inputs do (a LIMIT over a live stream does not make it so). */
  readonly bounded: boolean;
  /** What the user should know: bare columns taken as group keys, an approximate function, … */
  readonly notices: readonly string[];
  /** True if no row that comes behind a watermark has an earlier event time: the result is windows, each with its last millisecond. */
  readonly givesWatermarks?: true;
  /** Names of the streams it reads. */
  readonly streams: readonly string[];
  /** The server's time zone as it was when the query was planned. */
  readonly timezone: string;
}
