import type { DataType } from '@millrace/data';

/** A declared column of a stream or view. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: DataType;
  /** The SQL text of its DEFAULT expression, canonical as the printer writes it; null without one. */
  readonly default: string | null;
  readonly comment: string | null;
}

/** A stream: a Kafka topic with a schema. */
export interface StreamDefinition {
  readonly name: string;
  readonly columns: readonly ColumnDefinition[];
  /** SQL texts of the PRIMARY KEY expressions; empty without one. */
  readonly primaryKey: readonly string[];
  /** Every setting that was given at CREATE, as written there. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** The declared column that holds the event time, or null: then a `_tp_time` field of the value, else the record's timestamp. */
  readonly eventTimeColumn: string | null;
  readonly topic: string;
  /** True if CREATE STREAM made the topic: only then DROP STREAM deletes it. */
  readonly createdTopic: boolean;
  /** Kafka's topic id as text, where the broker gives one: tells a topic that was deleted and made anew. */
  readonly topicId: string | null;
  readonly partitions: number;
  /** `JSONEachRow`, `CSV`, `TSV`, `RawBLOB`. */
  readonly dataFormat: string;
  readonly comment: string | null;
  readonly createdAtMs: number;
}

/** A plain view: expanded where it is used. */
export interface ViewDefinition {
  readonly name: string;
  /** Its query, canonical as the printer writes it. */
  readonly sql: string;
  readonly columns: readonly ColumnDefinition[];
  /** Names of the streams and views that it reads directly. */
  readonly dependsOn: readonly string[];
  readonly createdAtMs: number;
}

/** A query that runs without a client and writes what it gives into a stream. */
export interface MaterializedViewDefinition {
  readonly name: string;
  /** Another for each CREATE: part of the names of what the view keeps in Kafka. */
  readonly id: string;
  /** Its query with its SETTINGS, canonical as the printer writes it. */
  readonly sql: string;
  /** What the query gives. */
  readonly columns: readonly ColumnDefinition[];
  /** Names of the streams and views that it reads directly. */
  readonly dependsOn: readonly string[];
  /** The stream that INTO names; null if it writes into one of its own. */
  readonly into: string | null;
  /** The stream of its own, which has its name; null with INTO. */
  readonly stream: StreamDefinition | null;
  /** Settings of the view itself, as written. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** The compacted topic that holds its state. */
  readonly changelogTopic: string;
  readonly isPaused: boolean;
  readonly createdAtMs: number;
}

/** What a name stands for. */
export type RelationKind = 'stream' | 'view' | 'materialized view';

/** What the planner asks of the catalog. */
export interface CatalogReader {
  /** A stream; of a materialized view the one that it writes into. */
  stream(name: string): StreamDefinition | undefined;
  /** A plain view. */
  view(name: string): ViewDefinition | undefined;
  /** Tells a stream that a materialized view writes alone: it has the view's name. Absent where there are none. */
  materializedView?(name: string): MaterializedViewDefinition | undefined;
  /** All names of streams and views: for suggestions. */
  names(): Iterable<string>;
}
