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

/** A stage of a pipe as CREATE and ALTER PIPE have left it. */
export interface PipeStageDefinition {
  /** Name of the plugin, as written. */
  readonly plugin: string;
  /** As written, in their order, the key that names the plugin too. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A pipe: what is read of streams, what becomes of it, and where it goes. */
export interface PipeDefinition {
  readonly name: string;
  /** Another for each CREATE. */
  readonly id: string;
  readonly extractor: PipeStageDefinition;
  readonly processor: PipeStageDefinition;
  readonly connector: PipeStageDefinition;
  /** Of each topic the end of each partition at CREATE: what stands before it is history. */
  readonly boundaries: Readonly<Record<string, readonly number[]>>;
  /** True between START, and STOP or what it has failed with. */
  readonly isRunning: boolean;
  /** Why it has stopped by itself; null if it has not. */
  readonly exceptionMessage: string | null;
  readonly createdAtMs: number;
}

/** A plugin of pipes that CREATE PIPEPLUGIN has put into the library directory. */
export interface PipePluginDefinition {
  readonly name: string;
  /** Of what its package exports. */
  readonly exportName: string;
  /** Folder or file in the library directory. */
  readonly packageFile: string;
  /** Where it was taken from. */
  readonly uri: string;
  /** Of the package, hexadecimal. */
  readonly sha256: string;
  readonly createdAtMs: number;
}

/** What a name of a stream or view stands for. */
export type RelationKind = 'stream' | 'view' | 'materialized view';

/** What a name stands for. */
export type ObjectKind = RelationKind | 'pipe' | 'pipe plugin';

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
