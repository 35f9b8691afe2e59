import type { Compression } from '@millrace/kafka-protocol';
import type { CompactionRules } from '../log/compact-log.ts';
import type { RetentionLimits } from '../log/retention.ts';
import { longMax, type TopicConfigDefinition, topicConfigs } from './topic-config-definitions.ts';

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
  /** How batches are stored; undefined as they come. */
  readonly compression: { readonly codec: Compression; readonly level: number | undefined } | undefined;
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
    compression: compressionOf(text('compression.type'), number),
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

function compressionOf(type: string, number: (name: string) => number): EffectiveTopicConfig['compression'] {
  if (type === 'producer') return undefined;
  const codec = (type === 'uncompressed' ? 'none' : type) as Compression;
  return { codec, level: codec === 'gzip' || codec === 'zstd' ? number(`compression.${codec}.level`) : undefined };
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
