import type { Chunk, Schema } from '@millrace/data';

/**
 * What flows between the stages of a pipe: rows or deletions of one partition, in its order. Immutable; crosses thread borders as
 * transferred buffers.
 */
export interface EventBatch {
  readonly stream: string;
  readonly topic: string;
  readonly partition: number;
  readonly isHistorical: boolean;
  /** Clusters that all records of the batch have passed, in order: what differs in them is not put together. */
  readonly clusters: readonly string[];
  /** Names and types of the columns of the chunk. */
  readonly schema: Schema;
  /** Deletions have `rowCount` rows and no columns. */
  readonly kind: 'rows' | 'delete';
  readonly chunk: Chunk;
  readonly records: RecordLanes;
  /** Row i comes from record `sourceRows[i]` of `records`; null = from record i. Never decreases. */
  readonly sourceRows: Int32Array | null;
}

/** Of each record: where it stands and when. Lanes may be longer than the count. */
export interface RecordLanes {
  readonly count: number;
  readonly offsets: Float64Array;
  /** Event times, milliseconds. */
  readonly times: Float64Array;
  /** Keys; `starts[i] < 0` = the record has none. */
  readonly keys: { readonly bytes: Buffer; readonly starts: Int32Array; readonly ends: Int32Array };
}
