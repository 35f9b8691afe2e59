import type { StreamDefinition } from '@millrace/catalog';
import type { ClusterOptions } from '@millrace/kafka-client';
import type { StreamSelection } from '@millrace/sdk';
import type { Boundaries } from '../progress/boundaries.ts';
import type { StageRequest } from '../stage/stage.ts';

/** A pipe to run. Plain data: it may cross a thread border. */
export interface PipeRequest extends ClusterOptions {
  /** Its name. */
  readonly pipe: string;
  /** The consumer group: shows the pipe to Kafka's tools, holds its progress, and shares the partitions among several servers. */
  readonly groupId: string;
  /** Of this server in the group and in transactional ids: it goes on at once when it comes back (KIP-345). */
  readonly instanceId: string;
  /** Name of this deployment, as records carry it that pass a pipe: so loops are noticed. */
  readonly deployment: string;
  /** Stands where a type or text names no time zone. */
  readonly timezone: string;
  readonly extractor: StageRequest;
  readonly processor: StageRequest;
  readonly connector: StageRequest;
  /** What the extractor reads of the streams; null = it has a source of its own. */
  readonly selection: StreamSelection | null;
  /** Taken at CREATE PIPE. */
  readonly boundaries: Boundaries;
  /** All that there are; the pipe chooses by its pattern. */
  readonly streams: readonly StreamDefinition[];
  /** What becomes of a record that cannot be processed: the pipe stops there, or it goes to `deadLetterTopic`. */
  readonly onError: 'stop' | 'dead-letter';
  /** Made when the first record goes there; one partition, kept for ever. */
  readonly deadLetterTopic: string;
  /** Made when a processor first keeps state, or the extractor a position; compacted, one partition. */
  readonly stateTopic: string;
  /** Of the topics that the pipe makes; default: the broker's. */
  readonly replicationFactor?: number;
  /** Progress is committed that often at most; default 500. */
  readonly commitIntervalMs?: number;
  /** A server that is not heard of for so long loses its partitions to the others; default 30,000. */
  readonly sessionTimeoutMs?: number;
  /** The connector is asked whether its target is there when nothing was sent for so long; default 30,000. */
  readonly heartbeatMs?: number;
}
