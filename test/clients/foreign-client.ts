/** Whether records of open and aborted transactions are read. */
export type Isolation = 'read_uncommitted' | 'read_committed';

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** What is written: keys, values and headers are text, so that it can be told to another process as JSON. */
export interface NewRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** In ms since the epoch. */
  readonly timestamp: number;
}

export interface ReadRecord extends NewRecord {
  readonly offset: number;
}

/** What a member of a group has, and the records that came since it was last asked. */
export interface Polled {
  /** Partition numbers of the one topic it has subscribed to, sorted. */
  readonly assignment: readonly number[];
  readonly records: readonly ReadRecord[];
}

type PartitionOf = { readonly topic: string; readonly partition: number };
type NamedProducer = { readonly producer: string };
type NamedMember = { readonly member: string };

/**
 * What every client is asked to do, as thin as possible over the client's own calls. Members of groups and producers are
 * named by the caller. Failures are thrown with the client's own words.
 */
export interface ForeignClient {
  createTopic(what: { topic: string; partitions: number; configs: Readonly<Record<string, string>> }): Promise<void>;
  createPartitions(what: { topic: string; count: number }): Promise<void>;
  deleteTopic(what: { topic: string }): Promise<void>;
  topics(what: Record<string, never>): Promise<string[]>;
  partitions(what: { topic: string }): Promise<number>;
  configs(what: { topic: string }): Promise<Record<string, string | null>>;
  alterConfigs(what: { topic: string; configs: Readonly<Record<string, string>> }): Promise<void>;
  deleteRecords(what: PartitionOf & { offset: number }): Promise<void>;
  groups(what: Record<string, never>): Promise<string[]>;
  group(what: { group: string }): Promise<{ state: string; members: number }>;
  deleteGroup(what: { group: string }): Promise<void>;
  /** Null if the group has committed nothing there. */
  committed(what: PartitionOf & { group: string }): Promise<number | null>;

  offsets(what: PartitionOf & { isolation: Isolation }): Promise<{ earliest: number; latest: number }>;
  /** The first offset with this timestamp or a later one; null if there is none. */
  offsetAt(what: PartitionOf & { timestamp: number }): Promise<number | null>;
  /** Writes with an idempotent producer. @returns the offset of each record. */
  produce(what: { topic: string; codec: Codec; records: readonly NewRecord[] }): Promise<number[]>;
  /** Reads a partition from its beginning up to the record with the value `until`. */
  read(what: PartitionOf & { isolation: Isolation; until: string }): Promise<ReadRecord[]>;

  /** Subscribes a member; it begins at the earliest record where the group has no offset, and commits only when told to. */
  join(what: NamedMember & { group: string; topic: string }): Promise<void>;
  /** Lets the member work for a moment. */
  poll(what: NamedMember): Promise<Polled>;
  /** Commits behind all that was polled. */
  commit(what: NamedMember): Promise<void>;
  leave(what: NamedMember): Promise<void>;

  openProducer(what: NamedProducer & { transactionalId: string }): Promise<void>;
  begin(what: NamedProducer): Promise<void>;
  /** Writes in the transaction and waits until all is acknowledged. */
  send(what: NamedProducer & { topic: string; records: readonly NewRecord[] }): Promise<void>;
  /** Makes the next offset of partition 0 part of the transaction, in the name of a member of the group. */
  sendOffset(what: NamedProducer & NamedMember & { group: string; topic: string; offset: number }): Promise<void>;
  end(what: NamedProducer & { commit: boolean }): Promise<void>;
  closeProducer(what: NamedProducer): Promise<void>;

  close(): Promise<void>;
}

/** The names of all operations but `close`: a driver in another process gets them by these. */
export const operations = [
  'createTopic',
  'createPartitions',
  'deleteTopic',
  'topics',
  'partitions',
  'configs',
  'alterConfigs',
  'deleteRecords',
  'groups',
  'group',
  'deleteGroup',
  'committed',
  'offsets',
  'offsetAt',
  'produce',
  'read',
  'join',
  'poll',
  'commit',
  'leave',
  'openProducer',
  'begin',
  'send',
  'sendOffset',
  'end',
  'closeProducer',
] as const satisfies readonly Exclude<keyof ForeignClient, 'close'>[];
