import type { CompactionRules } from '../log/compact-log.ts';
import type { RetentionLimits } from '../log/retention.ts';

/** One configuration key of a topic: what may stand there, and what stands there if nothing does. */
export interface TopicConfigDefinition {
  readonly name: string;
  readonly type: 'boolean' | 'string' | 'int' | 'long' | 'double' | 'list';
  readonly fallback: string;
  readonly help: string;
  /** Why the value cannot be used, or undefined if it can. */
  readonly refuse: (value: string) => string | undefined;
}

const longMax = '9223372036854775807';

function wholeNumber(low: bigint, high: bigint) {
  return (value: string): string | undefined => {
    if (!/^-?\d+$/.test(value)) return `"${value}" is not a whole number`;
    const number = BigInt(value);
    return number < low || number > high ? `${value} is not within ${low} and ${high}` : undefined;
  };
}

const long = (low: bigint) => wholeNumber(low, 2n ** 63n - 1n);
const int = (low: bigint) => wholeNumber(low, 2n ** 31n - 1n);

function oneOf(...values: string[]) {
  return (value: string) => (values.includes(value) ? undefined : `"${value}" is none of ${values.join(', ')}`);
}

function fraction(value: string): string | undefined {
  const number = Number(value);
  return value.trim() !== '' && number >= 0 && number <= 1 ? undefined : `"${value}" is not a number from 0 to 1`;
}

function policies(value: string): string | undefined {
  const wrong = value.split(',').find((policy) => !['delete', 'compact'].includes(policy.trim()));
  return wrong === undefined ? undefined : `"${wrong}" is none of delete, compact`;
}

function only(value: string, reason: string) {
  return (given: string) => (given === value ? undefined : `"${given}" is not supported: ${reason}`);
}

/**
 * The topic configurations that this broker knows, with Kafka's names and defaults, sorted.
 * Stored and shown but without effect: file.delete.delay.ms and segment.index.bytes.
 * @see https://kafka.apache.org/documentation/#topicconfigs
 */
export const topicConfigs: readonly TopicConfigDefinition[] = [
  {
    name: 'cleanup.policy',
    type: 'list',
    fallback: 'delete',
    help: 'what becomes of old records: delete, compact or both',
    refuse: policies,
  },
  {
    name: 'compression.type',
    type: 'string',
    fallback: 'producer',
    help: 'batches are stored as the producer compressed them',
    refuse: only('producer', 'batches are kept as the producer compressed them'),
  },
  {
    name: 'delete.retention.ms',
    type: 'long',
    fallback: '86400000',
    help: 'how long a tombstone stays after compaction',
    refuse: long(0n),
  },
  { name: 'file.delete.delay.ms', type: 'long', fallback: '60000', help: 'has no effect: files are deleted at once', refuse: long(0n) },
  { name: 'flush.messages', type: 'long', fallback: longMax, help: 'records until an append waits for stable storage', refuse: long(1n) },
  { name: 'flush.ms', type: 'long', fallback: longMax, help: 'ms until records are brought to stable storage', refuse: long(0n) },
  {
    name: 'index.interval.bytes',
    type: 'int',
    fallback: '4096',
    help: 'bytes between two entries of the index',
    refuse: only('4096', 'the distance of index entries is fixed at 4096'),
  },
  { name: 'max.compaction.lag.ms', type: 'long', fallback: longMax, help: 'ms after which a record must be compacted', refuse: long(1n) },
  { name: 'max.message.bytes', type: 'int', fallback: '1048588', help: 'largest record batch that is taken', refuse: int(0n) },
  {
    name: 'message.timestamp.after.max.ms',
    type: 'long',
    fallback: longMax,
    help: 'how far a timestamp may lie ahead of the clock',
    refuse: long(0n),
  },
  {
    name: 'message.timestamp.before.max.ms',
    type: 'long',
    fallback: longMax,
    help: 'how far a timestamp may lie behind the clock',
    refuse: long(0n),
  },
  {
    name: 'message.timestamp.type',
    type: 'string',
    fallback: 'CreateTime',
    help: 'whose clock gives the timestamp',
    refuse: oneOf('CreateTime', 'LogAppendTime'),
  },
  { name: 'min.cleanable.dirty.ratio', type: 'double', fallback: '0.5', help: 'share of a log that must be dirty', refuse: fraction },
  { name: 'min.compaction.lag.ms', type: 'long', fallback: '0', help: 'ms for which a record is not compacted', refuse: long(0n) },
  { name: 'min.insync.replicas', type: 'int', fallback: '1', help: 'replicas that acks=all needs; there is one', refuse: int(1n) },
  { name: 'preallocate', type: 'boolean', fallback: 'false', help: 'never done', refuse: only('false', 'files grow as they are written') },
  { name: 'retention.bytes', type: 'long', fallback: '-1', help: 'bytes of a partition that are kept; -1 all', refuse: long(-1n) },
  { name: 'retention.ms', type: 'long', fallback: '604800000', help: 'ms for which records are kept; -1 for ever', refuse: long(-1n) },
  { name: 'segment.bytes', type: 'int', fallback: '1073741824', help: 'size at which a segment is sealed', refuse: int(14n) },
  { name: 'segment.index.bytes', type: 'int', fallback: '10485760', help: 'has no effect: an index grows as needed', refuse: int(4n) },
  {
    name: 'segment.jitter.ms',
    type: 'long',
    fallback: '0',
    help: 'never applied',
    refuse: only('0', 'segments are sealed without jitter'),
  },
  { name: 'segment.ms', type: 'long', fallback: '604800000', help: 'ms after which a segment is sealed', refuse: long(1n) },
  {
    name: 'unclean.leader.election.enable',
    type: 'boolean',
    fallback: 'false',
    help: 'there is one node, so never',
    refuse: only('false', 'there is one node'),
  },
];

const byName = new Map(topicConfigs.map((definition) => [definition.name, definition]));

/** What a creator asked for, by name. */
export type TopicConfigOverrides = Readonly<Record<string, string>>;

/** Why a pair of name and value cannot be used, or undefined if it can. A null value asks for the default. */
export function refuseTopicConfig(name: string, value: string | null): string | undefined {
  const definition = byName.get(name);
  if (definition === undefined) return `unknown topic configuration ${name}`;
  if (value === null) return `${name} has no value`;
  const reason = definition.refuse(value);
  return reason === undefined ? undefined : `${name}: ${reason}`;
}

/** The configuration in force: numbers that are beyond 2⁵³ are as good as infinite. */
export interface EffectiveTopicConfig {
  readonly maxMessageBytes: number;
  readonly minInsyncReplicas: number;
  readonly usesLogAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly flushMessages: number;
  readonly flushMs: number;
  /** True if old segments are deleted by age and size. */
  readonly isDeleted: boolean;
  readonly retention: RetentionLimits;
  /** True if of each key only the last record is kept. */
  readonly isCompacted: boolean;
  readonly compaction: CompactionRules;
}

/** @param defaults replace Kafka's own where the broker's options say so. */
export function effectiveTopicConfig(overrides: TopicConfigOverrides, defaults: TopicConfigOverrides = {}): EffectiveTopicConfig {
  const text = (name: string) => topicConfigValue(name, overrides, defaults);
  const number = (name: string) => (text(name) === longMax ? Number.POSITIVE_INFINITY : Number(text(name)));
  const isCompacted = listOf(text('cleanup.policy')).includes('compact');
  return {
    maxMessageBytes: number('max.message.bytes'),
    minInsyncReplicas: number('min.insync.replicas'),
    usesLogAppendTime: text('message.timestamp.type') === 'LogAppendTime',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    segmentBytes: number('segment.bytes'),
    // Only what is sealed is compacted.
    segmentMs: isCompacted ? Math.min(number('segment.ms'), number('max.compaction.lag.ms')) : number('segment.ms'),
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    isDeleted: listOf(text('cleanup.policy')).includes('delete'),
    isCompacted,
    compaction: {
      dirtyRatioMin: number('min.cleanable.dirty.ratio'),
      deleteRetentionMs: number('delete.retention.ms'),
      lagMinMs: number('min.compaction.lag.ms'),
      lagMaxMs: number('max.compaction.lag.ms'),
      segmentBytes: number('segment.bytes'),
    },
    retention: { ageMs: unlessNegative(number('retention.ms')), bytes: unlessNegative(number('retention.bytes')) },
  };
}

export function topicConfigValue(name: string, overrides: TopicConfigOverrides, defaults: TopicConfigOverrides): string {
  return overrides[name] ?? defaults[name] ?? byName.get(name)!.fallback;
}

/** −1 stands for no limit. */
const unlessNegative = (value: number) => (value < 0 ? Number.POSITIVE_INFINITY : value);

/** The items of a value of type list. */
export function listOf(value: string): string[] {
  return value.split(',').map((item) => item.trim());
}

/** The type of a configuration; undefined if there is none of that name. */
export function topicConfigType(name: string): TopicConfigDefinition['type'] | undefined {
  return byName.get(name)?.type;
}

/** Why values that are legal each cannot stand together, or undefined if they can. */
export function refuseTopicConfigs(overrides: TopicConfigOverrides, defaults: TopicConfigOverrides): string | undefined {
  const lagOf = (name: string) => BigInt(topicConfigValue(name, overrides, defaults));
  const [low, high] = [lagOf('min.compaction.lag.ms'), lagOf('max.compaction.lag.ms')];
  return low > high ? `min.compaction.lag.ms is ${low}, which is more than max.compaction.lag.ms ${high}` : undefined;
}
