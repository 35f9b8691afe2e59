import type { Schema } from '@millrace/data';
import type { EncodeOptions } from '@millrace/formats';
import type { ClusterOptions } from '@millrace/kafka-client';
import type { QueryPlan } from '@millrace/planner';
import type { StreamTarget } from '../sinks/stream-sink.ts';

/** Where a query's rows go: encoded to the client, or into a topic. Plain data. */
export type SinkRequest =
  | { readonly kind: 'result'; readonly format: string; readonly options: EncodeOptions }
  | {
      readonly kind: 'stream';
      readonly format: string;
      readonly options: EncodeOptions;
      /** The columns that are encoded, with the names that they have in the record. */
      readonly schema: Schema;
      readonly target: StreamTarget;
    };

/** A query to run, and the cluster that it reads. Plain data: it may cross a thread border. */
export interface QueryRequest extends ClusterOptions {
  readonly queryId: string;
  readonly plan: QueryPlan;
  readonly sink: SinkRequest;
  /** Bound on what the operators hold together. */
  readonly memoryBytes: number;
}
