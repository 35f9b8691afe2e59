import type { Clock, Logger } from '@millrace/core';
import type { Formats } from '@millrace/formats';
import type { KernelContext } from '@millrace/functions';
import type { GroupMember, GroupOptions, OffsetSpec, RecordReader, TopicMetadata } from '@millrace/kafka-client';

/** What the engine asks of Kafka to read. Offsets are of committed records: the end of a log is where the first open transaction begins. */
export interface KafkaSource {
  /** What the cluster says of the topic now. @throws {MillraceError} KAFKA_TOPIC_UNKNOWN, KAFKA_BROKER_UNAVAILABLE. */
  topic(name: string): Promise<TopicMetadata>;
  /** As {@link topic}, without waiting for a broker that does not answer. */
  topicOnce(name: string): Promise<TopicMetadata>;
  listOffsets(topic: string, partitions: readonly number[], spec: OffsetSpec): Promise<number[]>;
  openReader(): RecordReader;
  joinGroup(options: GroupOptions): GroupMember;
  deleteGroup(groupId: string): Promise<void>;
}

/** What a source uses of its surroundings. */
export interface SourceContext {
  readonly kafka: KafkaSource;
  readonly formats: Pick<Formats, 'createRecordDecoder'>;
  readonly kernels: KernelContext;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The pace that a task sets its sources. */
export interface Pace {
  /** Resolves when more may be handed out: the sink has room. */
  ready(): Promise<void> | undefined;
  /** When an operator wants a tick (monotonic). */
  readonly wakeAtMs: number;
  /** Called after each chunk and mark: checks bounds. @throws what ends the query. */
  check(): void;
  /** True when what the source feeds takes no more. */
  readonly hasEnded: boolean;
  /** True when the task is to stop where it stands, between two record batches, to be gone on with later. */
  readonly isStopping: boolean;
  readonly signal: AbortSignal;
}
