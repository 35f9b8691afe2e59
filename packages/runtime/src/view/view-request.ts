import type { ClusterOptions } from '@millrace/kafka-client';
import type { QueryPlan } from '@millrace/planner';
import type { ExchangeRequest } from '../exchange/exchange-sink.ts';
import type { QueryRequest, SinkRequest } from '../task/query-request.ts';

/** A materialized view to run. Plain data: it may cross a thread border. */
export interface ViewRequest extends ClusterOptions, Pick<QueryRequest, 'memoryBytes'> {
  /** Its name, for messages. */
  readonly view: string;
  /** Scans carry where the very first start begins; afterwards the offsets that the group has committed count. */
  readonly plan: QueryPlan;
  readonly sink: Extract<SinkRequest, { readonly kind: 'stream' }> | ExchangeRequest;
  /**
   * Among so many tasks, over all servers, the partitions that it reads are shared; each partition has a state of its own. Null = one
   * task has them all, in one state.
   */
  readonly tasks: number | null;
  /** The consumer group: shows the view to Kafka's tools, holds its offsets, and decides which of several servers runs it. */
  readonly groupId: string;
  /** Of this server in the group: it goes on at once when it comes back, and nobody waits for its old self (KIP-345). */
  readonly instanceId: string;
  /** Who opens a producer with it fences a former owner that does not know yet that it is one. Of several tasks each puts a number behind it. */
  readonly transactionalId: string;
  /** Compacted: the durable form of the operators' states. One partition; where the view is shared, any number of them. */
  readonly changelogTopic: string;
  /** Takes the records that cannot be processed; null = the view stops at the first. */
  readonly deadLetterTopic: string | null;
  /** Read beside the source: dead letters that are to be processed once more, in one partition; null = there are none. */
  readonly replayTopic: string | null;
  /** A local copy of the state, so that a start reads only the end of the changelog; null = none, as where the view is shared. */
  readonly snapshots: SnapshotRequest | null;
  readonly onLostData: 'stop' | 'continue';
  readonly commitIntervalMs: number;
  /** An open transaction of a dead owner holds readers of the target back for so long. */
  readonly transactionTimeoutMs: number;
  /** A server that is not heard of for so long loses the view to another. */
  readonly sessionTimeoutMs: number;
}

/** How a view keeps a local copy of its state. */
export interface SnapshotRequest {
  /** The file. Its directory must exist. */
  readonly path: string;
  /** A new one is written when the changelog has grown by so much since, or by as much as the copy has if that is more. */
  readonly growthBytes: number;
  /** Not more often than that. */
  readonly pauseMs: number;
}
