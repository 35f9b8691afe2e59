/** One configuration key of a topic: what may stand there, and what stands there if nothing does. */
export interface TopicConfigDefinition {
  readonly name: string;
  readonly type: 'boolean' | 'string' | 'int' | 'long' | 'double' | 'list';
  readonly fallback: string;
  readonly help: string;
  /** The broker's configuration that counts for topics that do not say otherwise, and its fallback if that is told in another way. */
  readonly synonym?: string;
  readonly synonymFallback?: { readonly name: string; readonly value: string };
  /** Why the value cannot be used, or undefined if it can. */
  readonly refuse: (value: string) => string | undefined;
}

export const longMax = '9223372036854775807';

function wholeNumber(low: bigint, high: bigint) {
  return (value: string): string | undefined => {
    if (!/^-?\d+$/.test(value)) return `"${value}" is not a whole number`;
    const number = BigInt(value);
    return number < low || number > high ? `${value} is not within ${low} and ${high}` : undefined;
  };
}

const long = (low: bigint) => wholeNumber(low, 2n ** 63n - 1n);
const int = (low: bigint, high = 2n ** 31n - 1n) => wholeNumber(low, high);

function oneOf(...values: string[]) {
  return (value: string) => (values.includes(value) ? undefined : `"${value}" is none of ${values.join(', ')}`);
}

const boolean = oneOf('true', 'false');

function gzipLevel(value: string): string | undefined {
  return value === '-1' ? undefined : int(1n, 9n)(value);
}

function fraction(value: string): string | undefined {
  const number = Number(value);
  return value.trim() !== '' && number >= 0 && number <= 1 ? undefined : `"${value}" is not a number from 0 to 1`;
}

function policies(value: string): string | undefined {
  const wrong = value.split(',').find((policy) => !['delete', 'compact'].includes(policy.trim()));
  return wrong === undefined ? undefined : `"${wrong}" is none of delete, compact`;
}

function throttled(value: string): string | undefined {
  const isLegal = value === '' || value === '*' || value.split(',').every((pair) => /^\s*\d+:\d+\s*$/.test(pair));
  return isLegal ? undefined : `"${value}" is neither * nor a list of partition:node`;
}

function only(value: string, reason: string) {
  return (given: string) => (given === value ? undefined : `"${given}" is not supported: ${reason}`);
}

const noTiers = only('false', 'there is no tiered storage');

/**
 * The topic configurations of Kafka 4.1 with its names and defaults, sorted. Those that have no effect here say so.
 * @see https://kafka.apache.org/documentation/#topicconfigs
 */
export const topicConfigs: readonly TopicConfigDefinition[] = [
  {
    name: 'cleanup.policy',
    type: 'list',
    fallback: 'delete',
    help: 'what becomes of old records: delete, compact or both',
    synonym: 'log.cleanup.policy',
    refuse: policies,
  },
  {
    name: 'compression.gzip.level',
    type: 'int',
    fallback: '-1',
    help: 'how hard gzip tries, 1 to 9 or -1 for its own choice, where compression.type is gzip',
    synonym: 'compression.gzip.level',
    refuse: gzipLevel,
  },
  {
    name: 'compression.lz4.level',
    type: 'int',
    fallback: '9',
    help: 'has no effect: the codec in use has one level',
    synonym: 'compression.lz4.level',
    refuse: int(1n, 17n),
  },
  {
    name: 'compression.type',
    type: 'string',
    fallback: 'producer',
    help: 'how batches are stored: as the producer compressed them, with one codec, or uncompressed',
    synonym: 'compression.type',
    refuse: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
  },
  {
    name: 'compression.zstd.level',
    type: 'int',
    fallback: '3',
    help: 'how hard zstd tries, where compression.type is zstd',
    synonym: 'compression.zstd.level',
    refuse: int(-131_072n, 22n),
  },
  {
    name: 'delete.retention.ms',
    type: 'long',
    fallback: '86400000',
    help: 'how long a tombstone stays after compaction',
    synonym: 'log.cleaner.delete.retention.ms',
    refuse: long(0n),
  },
  {
    name: 'file.delete.delay.ms',
    type: 'long',
    fallback: '60000',
    help: 'has no effect: files are deleted at once',
    synonym: 'log.segment.delete.delay.ms',
    refuse: long(0n),
  },
  {
    name: 'flush.messages',
    type: 'long',
    fallback: longMax,
    help: 'records until an append waits for stable storage',
    synonym: 'log.flush.interval.messages',
    refuse: long(1n),
  },
  { name: 'flush.ms', type: 'long', fallback: longMax, help: 'ms until records are brought to stable storage', refuse: long(0n) },
  {
    name: 'follower.replication.throttled.replicas',
    type: 'list',
    fallback: '',
    help: 'has no effect: nothing is replicated',
    refuse: throttled,
  },
  {
    name: 'index.interval.bytes',
    type: 'int',
    fallback: '4096',
    help: 'has no effect: an entry of the index is made every 4096 bytes',
    synonym: 'log.index.interval.bytes',
    refuse: int(0n),
  },
  {
    name: 'leader.replication.throttled.replicas',
    type: 'list',
    fallback: '',
    help: 'has no effect: nothing is replicated',
    refuse: throttled,
  },
  {
    name: 'local.retention.bytes',
    type: 'long',
    fallback: '-2',
    help: 'has no effect: there is no tiered storage',
    synonym: 'log.local.retention.bytes',
    refuse: long(-2n),
  },
  {
    name: 'local.retention.ms',
    type: 'long',
    fallback: '-2',
    help: 'has no effect: there is no tiered storage',
    synonym: 'log.local.retention.ms',
    refuse: long(-2n),
  },
  {
    name: 'max.compaction.lag.ms',
    type: 'long',
    fallback: longMax,
    help: 'ms after which a record must be compacted',
    synonym: 'log.cleaner.max.compaction.lag.ms',
    refuse: long(1n),
  },
  {
    name: 'max.message.bytes',
    type: 'int',
    fallback: '1048588',
    help: 'largest record batch that is taken',
    synonym: 'message.max.bytes',
    refuse: int(0n),
  },
  {
    name: 'message.timestamp.after.max.ms',
    type: 'long',
    fallback: '3600000',
    help: 'how far a timestamp may lie ahead of the clock',
    synonym: 'log.message.timestamp.after.max.ms',
    refuse: long(0n),
  },
  {
    name: 'message.timestamp.before.max.ms',
    type: 'long',
    fallback: longMax,
    help: 'how far a timestamp may lie behind the clock',
    synonym: 'log.message.timestamp.before.max.ms',
    refuse: long(0n),
  },
  {
    name: 'message.timestamp.type',
    type: 'string',
    fallback: 'CreateTime',
    help: 'whose clock gives the timestamp',
    synonym: 'log.message.timestamp.type',
    refuse: oneOf('CreateTime', 'LogAppendTime'),
  },
  {
    name: 'min.cleanable.dirty.ratio',
    type: 'double',
    fallback: '0.5',
    help: 'share of a log that must be dirty',
    synonym: 'log.cleaner.min.cleanable.ratio',
    refuse: fraction,
  },
  {
    name: 'min.compaction.lag.ms',
    type: 'long',
    fallback: '0',
    help: 'ms for which a record is not compacted',
    synonym: 'log.cleaner.min.compaction.lag.ms',
    refuse: long(0n),
  },
  {
    name: 'min.insync.replicas',
    type: 'int',
    fallback: '1',
    help: 'replicas that must be in sync for acks=all, as far as the topic has so many',
    synonym: 'min.insync.replicas',
    refuse: int(1n),
  },
  {
    name: 'preallocate',
    type: 'boolean',
    fallback: 'false',
    help: 'has no effect: files grow as they are written',
    synonym: 'log.preallocate',
    refuse: boolean,
  },
  {
    name: 'remote.log.copy.disable',
    type: 'boolean',
    fallback: 'false',
    help: 'has no effect: there is no tiered storage',
    refuse: noTiers,
  },
  {
    name: 'remote.log.delete.on.disable',
    type: 'boolean',
    fallback: 'false',
    help: 'has no effect: there is no tiered storage',
    refuse: noTiers,
  },
  { name: 'remote.storage.enable', type: 'boolean', fallback: 'false', help: 'there is no tiered storage', refuse: noTiers },
  {
    name: 'retention.bytes',
    type: 'long',
    fallback: '-1',
    help: 'bytes of a partition that are kept; -1 all',
    synonym: 'log.retention.bytes',
    refuse: long(-1n),
  },
  {
    name: 'retention.ms',
    type: 'long',
    fallback: '604800000',
    help: 'ms for which records are kept; -1 for ever',
    synonym: 'log.retention.ms',
    synonymFallback: { name: 'log.retention.hours', value: '168' },
    refuse: long(-1n),
  },
  {
    name: 'segment.bytes',
    type: 'int',
    fallback: '1073741824',
    help: 'size at which a segment is sealed',
    synonym: 'log.segment.bytes',
    refuse: int(14n),
  },
  {
    name: 'segment.index.bytes',
    type: 'int',
    fallback: '10485760',
    help: 'has no effect: an index grows as needed',
    synonym: 'log.index.size.max.bytes',
    refuse: int(4n),
  },
  { name: 'segment.jitter.ms', type: 'long', fallback: '0', help: 'has no effect: segments are sealed without jitter', refuse: long(0n) },
  { name: 'segment.ms', type: 'long', fallback: '604800000', help: 'ms after which a segment is sealed', refuse: long(1n) },
  {
    name: 'unclean.leader.election.enable',
    type: 'boolean',
    fallback: 'false',
    help: 'has no effect: there is one copy of the data, and every leader has it',
    synonym: 'unclean.leader.election.enable',
    refuse: boolean,
  },
];
