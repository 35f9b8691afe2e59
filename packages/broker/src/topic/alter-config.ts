import type { KafkaErrorName } from '@millrace/kafka-protocol';
import {
  listOf,
  refuseTopicConfig,
  refuseTopicConfigs,
  type TopicConfigOverrides,
  topicConfigType,
  topicConfigValue,
} from './topic-config.ts';

/** What becomes of one configuration: Kafka's numbers 0 to 3. */
export const configOperations = ['set', 'delete', 'append', 'subtract'] as const;

export interface ConfigChange {
  readonly name: string;
  readonly operation: (typeof configOperations)[number];
  readonly value: string | null;
}

/** Why a change is not made. */
export type ConfigRefusal = readonly [error: KafkaErrorName, message: string];

/**
 * What a topic's overrides become after some changes, or why they are not made: all or none.
 * Lists are appended to and subtracted from, starting at what is in force.
 * @see KIP-339
 */
export function changedConfigs(
  overrides: TopicConfigOverrides,
  defaults: TopicConfigOverrides,
  changes: readonly ConfigChange[],
): TopicConfigOverrides | ConfigRefusal {
  const names = changes.map(({ name }) => name);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) return ['INVALID_REQUEST', `${repeated} is asked for more than once`];
  const changed: Record<string, string> = { ...overrides };
  for (const change of changes) {
    const value = valueAfter(change, changed, defaults);
    if (isRefusal(value)) return value;
    if (value === undefined) delete changed[change.name];
    else changed[change.name] = value;
  }
  const reason = refuseTopicConfigs(changed, defaults);
  return reason === undefined ? changed : ['INVALID_CONFIG', reason];
}

export function isConfigRefusal(value: TopicConfigOverrides | ConfigRefusal): value is ConfigRefusal {
  return Array.isArray(value);
}

const isRefusal = (value: string | ConfigRefusal | undefined): value is ConfigRefusal => Array.isArray(value);

/** Undefined takes the override away. */
function valueAfter(
  { name, operation, value }: ConfigChange,
  overrides: TopicConfigOverrides,
  defaults: TopicConfigOverrides,
): string | ConfigRefusal | undefined {
  if (operation === 'delete') return undefined;
  const type = topicConfigType(name);
  if (type === undefined) return ['INVALID_CONFIG', `unknown topic configuration ${name}`];
  if (value === null) return ['INVALID_REQUEST', `${name} has no value`];
  if (operation === 'set') return refused(name, value) ?? value;
  if (type !== 'list') return ['INVALID_CONFIG', `${name} is no list, so nothing can be appended to it or subtracted from it`];
  const given = listOf(value);
  const current = listOf(topicConfigValue(name, overrides, defaults));
  const items = operation === 'append' ? [...new Set([...current, ...given])] : current.filter((item) => !given.includes(item));
  return refused(name, items.join(',')) ?? items.join(',');
}

function refused(name: string, value: string): ConfigRefusal | undefined {
  const reason = refuseTopicConfig(name, value);
  return reason === undefined ? undefined : ['INVALID_CONFIG', reason];
}
