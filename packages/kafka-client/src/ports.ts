import type { Clock, Logger, Random } from '@millrace/core';
import type { Compression, RecordHeader } from '@millrace/kafka-protocol';

/**
 * What the rest of Millrace sees of Kafka. The implementations are {@link KafkaClient}, {@link openReader},
 * {@link joinGroup}, {@link openProducer} and {@link createAdmin}.
 * Units: offsets are record numbers of a partition's log; timestamps are ms since the epoch.
 */

/** Where a cluster is and how it lets clients in. Plain data: it may cross a thread border; it holds secrets. */
export interface ClusterOptions {
  /** `host:port` of some brokers of the cluster; the others are learned from them. */
  readonly brokers: readonly string[];
  /** Encrypts all connections; an object says how. */
  readonly ssl?: boolean | SslOptions;
  /** Who the client is to the brokers. */
  readonly sasl?: SaslOptions;
}

/** How a client works with a cluster. */
export interface ClientOptions extends ClusterOptions {
  readonly clientId: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly random?: Random;
  /** Deadline of one request, from sending to the whole response; default 30,000. */
  readonly requestTimeoutMs?: number;
  /** Deadline of connecting; default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Largest response that is taken; default 128 MiB. */
  readonly maxResponseBytes?: number;
}

/** TLS as a client; certificates and keys as PEM texts. */
export interface SslOptions {
  /** Whom to trust: authorities, or the brokers' own certificates; default the authorities that Node knows. */
  readonly ca?: string;
  /** The client's own certificate and its key, for brokers that ask for one. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the brokers' certificates have to carry; default the host that is connected to. */
  readonly servername?: string;
  /** What is checked of a broker's certificate: that it is trusted and for this host (default), only that it is trusted, or nothing. */
  readonly verify?: 'full' | 'certificate' | 'none';
}

/** How a client proves who it is. The password goes over the wire as it is with PLAIN: only sensible with `ssl`. */
export interface SaslOptions {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionOffset extends TopicPartition {
  /** The next record to read. */
  readonly offset: number;
  /** What a group keeps with a committed offset: a short text of who commits. */
  readonly metadata?: string;
}

/** What the cluster says of a topic. */
export interface TopicMetadata {
  readonly name: string;
  /** The id that a topic keeps for its life; the zero UUID if the broker does not tell. */
  readonly topicId: string;
  /** By partition number, from 0 on without holes. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface PartitionMetadata {
  readonly partition: number;
  /** Node id; -1 if there is no leader at the moment. */
  readonly leader: number;
  readonly leaderEpoch: number;
}

/** Whether records of open and aborted transactions are seen. */
export type Isolation = 'read_uncommitted' | 'read_committed';

/** Where in a log: its first record, its end, or the first record with this timestamp or a later one. */
export type OffsetSpec = 'earliest' | 'latest' | number;

/** How a reader fetches. */
export interface ReaderOptions {
  readonly isolation?: Isolation;
  /** Most bytes of one fetch (one batch that is larger comes nevertheless); default 2 MiB: larger ones leave the processor's caches. */
  readonly maxFetchBytes?: number;
  /** Most bytes of one partition in a fetch; default 512 KiB. */
  readonly maxPartitionBytes?: number;
  /** Nothing more is fetched while this much waits to be taken; default 2 MiB. */
  readonly maxBufferedBytes?: number;
  /** How long a broker may hold a fetch that finds nothing; default 500. */
  readonly maxWaitMs?: number;
  /** Whether every batch's checksum is compared; default true. */
  readonly checkCrc?: boolean;
  /** How long a topic or leader may be missing before that is an error; default 30,000. */
  readonly missingTimeoutMs?: number;
}

/** What one fetch brought of one partition: whole record batches as they lie in the log. */
export interface FetchedPartition extends TopicPartition {
  /** The fetched bytes, until {@link RecordReader.release}; shared with other partitions of the same fetch, not to be changed. */
  readonly bytes: Buffer;
  /**
   * Start and end of each batch with records to be read, in turn: `[start, end, start, end, …]`. Transaction markers are
   * left out, and with read_committed the batches of aborted transactions.
   */
  readonly batches: readonly number[];
  /** Records before this offset are not to be read, though the first batch may hold some. */
  readonly fromOffset: number;
  /** Where reading goes on when all of this is done; moves on even if `batches` is empty. */
  readonly nextOffset: number;
  /** The end of what is replicated: the offset of the next record to be written, when the broker answered. */
  readonly highWatermark: number;
  /** The end of what is decided: no transaction is open before it. Equals the high watermark without transactions. */
  readonly lastStableOffset: number;
  /** The first offset that the log still holds; -1 if the broker does not tell. */
  readonly logStartOffset: number;
}

/**
 * Reads record batches of assigned partitions, each in the order of its log, fetching ahead within a bound.
 * One caller at a time.
 */
export interface RecordReader {
  /**
   * Replaces what is read. A partition that is named with the offset where it stands goes on undisturbed; what was
   * fetched of the others is thrown away.
   */
  assign(partitions: readonly PartitionOffset[]): void;
  /**
   * Waits for something new and takes all that has come. A partition appears when it has batches, when its position or
   * its high watermark moved, and once after it was assigned, so that "caught up" can always be told.
   * @returns an empty list after {@link close}.
   * @throws {MillraceError} KAFKA_OFFSET_OUT_OF_RANGE (details: topic, partition, offset, earliest, latest),
   *   KAFKA_TOPIC_UNKNOWN, KAFKA_RECORD_CORRUPT, KAFKA_PROTOCOL_INVALID, KAFKA_REQUEST_REFUSED. The reader stays failed until
   *   it is assigned anew. Brokers that do not answer are no error here: it tries on, with one warning in the log.
   */
  next(): Promise<FetchedPartition[]>;
  /**
   * Says that the partition's bytes (and all that points into them) are not looked at any more: what is fetched next may
   * overwrite them. Whoever does not call it pays with fresh memory for each fetch, and nothing else.
   */
  release(fetched: FetchedPartition): void;
  /** Fetches no more of the partition and holds back what was fetched, until {@link resume}. */
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  close(): Promise<void>;
}

/**
 * Ways to share a group's partitions: Kafka's, `millrace-one`, which gives all to one member while the others stand by, and
 * `millrace-tasks`, which shares them among {@link GroupOptions.tasks} members.
 * With `cooperative-sticky` or one of Millrace's alone a rebalance takes nothing away but what moves (KIP-429).
 */
export type AssignorName = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky' | 'millrace-one' | 'millrace-tasks';

/** How a member takes part in a group. */
export interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** A member that is not heard of for so long is dropped; default 30,000. */
  readonly sessionTimeoutMs?: number;
  /** How long members may take to come back when the group rebalances; default 60,000. */
  readonly rebalanceTimeoutMs?: number;
  /** Default: a tenth of the session time-out, at most 3,000. */
  readonly heartbeatIntervalMs?: number;
  /** Makes the member a static one (KIP-345). */
  readonly instanceId?: string;
  /** What the member offers, the best first; the group takes one that all members offer. Default: range. */
  readonly assignors?: readonly AssignorName[];
  /** Among how many members `millrace-tasks` shares the partitions; default 1. Where members differ the group's leader decides. */
  readonly tasks?: number;
  /**
   * The longest time between two calls of {@link ActiveGroupMember.poll}; a member that takes longer gives its partitions up as
   * lost, and joins again at its next call. Default: none.
   */
  readonly maxPollIntervalMs?: number;
  /**
   * Called with all partitions that the member now owns, once per generation, also with none. The member stays in the
   * group while it awaits. With `cooperative-sticky` alone some of them are those that it has owned all along.
   */
  readonly onAssigned: (partitions: readonly TopicPartition[]) => Promise<void> | void;
  /**
   * Called before the member gives partitions up (all of them, or with `cooperative-sticky` alone those that move), also when it leaves. It may commit in here unless `lost`: then the
   * group has dropped the member already and others may own the partitions.
   */
  readonly onRevoked: (partitions: readonly TopicPartition[], lost: boolean) => Promise<void> | void;
  /** Called once when the member ends by an error, e.g. KAFKA_FENCED or what a callback threw. */
  readonly onFailed?: (error: Error) => void;
}

/** A member of a consumer group: Kafka's own tools see it, its partitions and, once it commits, its lag. */
export interface GroupMember {
  readonly groupId: string;
  /** Empty until the group has given one. */
  readonly memberId: string;
  /** -1 until the member has joined. */
  readonly generation: number;
  /** Its static id, if it has one. */
  readonly groupInstanceId?: string | null;
  readonly assignment: readonly TopicPartition[];
  /**
   * Writes offsets of the group; `offset` is the next record to read.
   * @throws {MillraceError} KAFKA_FENCED if the member is not of the current generation (any more), KAFKA_REQUEST_REFUSED.
   */
  commit(offsets: readonly PartitionOffset[]): Promise<void>;
  /** The group's offsets of these partitions; those without are left out. */
  committed(partitions: readonly TopicPartition[]): Promise<PartitionOffset[]>;
  /** Gives its partitions up and leaves the group. The group keeps the place of a static member until its session ends, unless it leaves for good. */
  leave(options?: { readonly forGood?: boolean }): Promise<void>;
}

/** A {@link GroupMember} as {@link joinGroup} gives it. */
export interface ActiveGroupMember extends GroupMember {
  readonly groupInstanceId: string | null;
  /** Says that the work goes on: see {@link GroupOptions.maxPollIntervalMs}. */
  poll(): void;
}

/** How a producer writes. */
export interface ProducerOptions {
  /** A batch is sent when it has this size; default 16 KiB. */
  readonly batchSizeBytes?: number;
  /** How long a batch may wait for more records; default 0: until the current turn of the event loop is over. */
  readonly lingerMs?: number;
  readonly compression?: Compression;
  /** {@link Producer.append} asks to wait while more than this is not acknowledged; default 4 MiB. */
  readonly maxBufferedBytes?: number;
  /** Most bytes of one request (one batch that is larger goes alone); default 1 MiB. */
  readonly maxRequestBytes?: number;
  /** Requests in flight per broker, 1 to 5; default 5. */
  readonly maxInFlight?: number;
  /** How long a batch may take from being full to being acknowledged, retries included; default 120,000. */
  readonly deliveryTimeoutMs?: number;
  /** How long a topic may be missing, as one that was just made may be; default 10,000. */
  readonly missingTimeoutMs?: number;
}

/** Where a batch was written. */
export interface WrittenBatch {
  /** Offset of its first record; -1 if the broker only says that it has it already. */
  readonly baseOffset: number;
}

/** Takes records one by one. */
export interface RecordAppender {
  /**
   * Adds a record to the partition's batch; key and value are copied.
   * @returns nothing if there is room for more, or a promise to await before the next append. A failed batch is told by
   *   the next {@link Producer.flush}, or by the transaction.
   */
  append(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: readonly RecordHeader[],
  ): void | Promise<void>;
  /** Like {@link append}, with key and value as `[start, end)` of larger buffers, so that a slice need not be made; a start of -1 is null. */
  appendSpans(
    topic: string,
    partition: number,
    timestampMs: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers?: readonly RecordHeader[],
  ): void | Promise<void>;
}

/**
 * Writes records, idempotently and with acks=all: each exactly once and in order per partition, however often the
 * connection breaks, as long as the producer lives.
 */
export interface Producer extends RecordAppender {
  /** Sends what waits; resolves when everything appended before is acknowledged. @throws the first failure since the last flush. */
  flush(): Promise<void>;
  /**
   * Writes one whole batch of the caller's ({@link RecordBatchBuilder.finish}, {@link encodeBatch}) and waits for it. The
   * producer stamps its own id and sequence into it; it must not be used afterwards.
   * @throws {MillraceError} KAFKA_RECORD_TOO_LARGE, KAFKA_TOPIC_UNKNOWN, KAFKA_REQUEST_REFUSED, KAFKA_TIMED_OUT
   *   (in the last case it may have been written nevertheless).
   */
  sendBatch(topic: string, partition: number, batch: Buffer): Promise<WrittenBatch>;
  /** Flushes and lets go of its connections. */
  close(): Promise<void>;
}

/** Who commits offsets of a group: a {@link GroupMember} as it stands, or a copy of these fields. */
export interface GroupIdentity {
  readonly memberId: string;
  readonly generation: number;
  readonly groupInstanceId?: string | null;
}

/** How a transactional producer writes; sending is as with {@link ProducerOptions}. */
export interface TransactionalProducerOptions extends ProducerOptions {
  /** Stays the same for the life of a task: whoever opens a producer with it fences the one before. */
  readonly transactionalId: string;
  /**
   * A transaction that is open for longer is aborted by the brokers, and the producer fenced. Short ones let readers go on
   * soon after a crash; default 60,000. Also the default of `deliveryTimeoutMs`.
   */
  readonly transactionTimeoutMs?: number;
  /** How long opening, {@link TransactionalProducer.sendOffsets}, and ending a transaction may each take, tries included; default 60,000. */
  readonly operationTimeoutMs?: number;
}

/**
 * Writes records (after {@link begin} only) and offsets in transactions: with read_committed all of one is seen, or nothing. One caller at a time.
 *
 * After any failure the transaction can only be aborted, and `append` throws the failure; after the abort the next one may
 * begin. KAFKA_FENCED by another producer (or by the transaction's time-out) is for good: a new producer must be opened.
 * An end whose outcome is not known (KAFKA_TIMED_OUT, KAFKA_BROKER_UNAVAILABLE from `commit` or `abort`) can only be tried
 * again with the same call, or left to the next producer of the transactional id.
 */
export interface TransactionalProducer extends RecordAppender {
  readonly transactionalId: string;
  /** True from {@link begin} until the transaction has ended. */
  readonly inTransaction: boolean;
  /** Begins a transaction; the brokers hear of it with the first record or offset. */
  begin(): void;
  /**
   * Makes offsets of a group part of the transaction: they count once it is committed.
   * @param member who reads; without it the group must have no members (the transactional id is the only fence then).
   * @throws {MillraceError} KAFKA_FENCED if the member is not of the current generation (details: kafkaError); the
   *   transaction must be aborted then, the producer itself goes on. KAFKA_REQUEST_REFUSED, KAFKA_TIMED_OUT.
   */
  sendOffsets(groupId: string, offsets: readonly PartitionOffset[], member?: GroupIdentity): Promise<void>;
  /**
   * Sends what waits and ends the transaction; once it resolves, all of it is durable and will be seen.
   * @throws what has failed in the transaction (nothing of it will be seen, {@link abort} is due), or see above.
   */
  commit(): Promise<void>;
  /** Throws the transaction away. No error if none is open. */
  abort(): Promise<void>;
  /** Aborts what is open, as well as it can, and lets go. */
  close(): Promise<void>;
}

/** What a topic is made of. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** Default: the broker's. */
  readonly replicationFactor?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: string | null;
  /** True unless the topic itself has set it. */
  readonly isDefault: boolean;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
}

export interface GroupDescription {
  readonly groupId: string;
  readonly state: string;
  readonly protocolType: string;
  readonly protocol: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly clientId: string;
    readonly host: string;
    readonly partitions: readonly TopicPartition[];
  }[];
}

/** Administration of a cluster. Every call may throw KAFKA_REQUEST_REFUSED, KAFKA_TOPIC_UNKNOWN or KAFKA_BROKER_UNAVAILABLE. */
export interface Admin {
  /** @returns false if a topic of this name exists already. */
  createTopic(spec: TopicSpec): Promise<boolean>;
  deleteTopic(topic: string): Promise<void>;
  createPartitions(topic: string, count: number): Promise<void>;
  listTopics(): Promise<string[]>;
  describeTopicConfigs(topic: string): Promise<ConfigEntry[]>;
  alterTopicConfigs(topic: string, configs: Readonly<Record<string, string>>): Promise<void>;
  listGroups(): Promise<{ readonly groupId: string; readonly protocolType: string }[]>;
  describeGroup(groupId: string): Promise<GroupDescription>;
  /** The committed offsets of a group. */
  groupOffsets(groupId: string, topics?: readonly string[]): Promise<PartitionOffset[]>;
  /** A group that does not exist is no error. */
  deleteGroup(groupId: string): Promise<void>;
  /** Deletes all records before these offsets. */
  deleteRecords(offsets: readonly PartitionOffset[]): Promise<void>;
  brokers(): Promise<{ readonly nodeId: number; readonly host: string; readonly port: number }[]>;
  close(): Promise<void>;
}
