import { MillraceError } from '@millrace/core';
import type { Query, Setting } from '@millrace/sql';
import type { PlanContext } from '../context.ts';
import { placed, planError } from '../plan-error.ts';
import { type SettingDefinition, settingValue } from './query-settings.ts';
import { durationMs, parseInteger } from './setting-values.ts';

/** Every setting of CREATE MATERIALIZED VIEW that a plain query does not have, sorted by name. */
export const viewSettings: readonly SettingDefinition[] = [
  {
    name: 'commit_interval',
    type: 'duration',
    default: '100ms',
    help: 'how often a view commits what it has computed, and where it stands; until then nobody sees it',
  },
  {
    name: 'max_parallelism',
    type: 'integer',
    default: '64',
    help: 'the most that parallelism may ever be: into so many parts the groups of a view are divided; fixed when the view is created',
  },
  {
    name: 'on_lost_data',
    type: 'string',
    default: 'stop',
    help: "what a view does when the log has dropped records that it had not read: 'stop' with what was lost, or 'continue' behind it",
  },
  {
    name: 'on_state_change',
    type: 'string',
    default: 'refuse',
    help: "what CREATE OR REPLACE does if state would be lost: 'refuse', or 'discard' it and go on from the same position",
  },
  {
    name: 'parallelism',
    type: 'integer',
    default: '1',
    help: 'among how many tasks a view is shared, each in a thread of its own, on whatever servers of the cluster',
  },
  {
    name: 'recovery_policy',
    type: 'string',
    default: 'strict',
    help: "what a view does with a record that it cannot process: 'strict' = stop there, 'best_effort' = keep it as a dead letter and go on",
  },
  { name: 'replication_factor', type: 'integer', default: '', help: "how many brokers hold the view's topics" },
  { name: 'retention_bytes', type: 'integer', default: '-1', help: "bytes that a partition of the view's own topic keeps; -1 = all" },
  { name: 'retention_ms', type: 'integer', default: '-1', help: "how long the view's own topic keeps records; -1 = for ever" },
  { name: 'shards', type: 'integer', default: '1', help: "partitions of the view's own topic" },
];

/** The settings of a materialized view, checked. */
export interface ViewSettings {
  /** What was given, as it was written. */
  readonly given: Readonly<Record<string, string | number | boolean>>;
  readonly commitIntervalMs: number;
  readonly parallelism: number;
  /** Null if it was not given. */
  readonly maxParallelism: number | null;
  readonly onLostData: 'stop' | 'continue';
  /** Of the statement that replaces a view, not of the view. */
  readonly onStateChange: 'refuse' | 'discard';
  readonly recoveryPolicy: 'strict' | 'best_effort';
  /** Of the own topic. */
  readonly shards: number;
}

const defaults: ViewSettings = {
  given: {},
  commitIntervalMs: 100,
  parallelism: 1,
  maxParallelism: null,
  onLostData: 'stop',
  onStateChange: 'refuse',
  recoveryPolicy: 'strict',
  shards: 1,
};

/** A view has as many partitions for each of its states. */
const maxTasks = 1024;

/** The settings that only concern the topic a view makes for itself. */
const topicSettings: ReadonlySet<string> = new Set(['replication_factor', 'retention_bytes', 'retention_ms', 'shards']);

/**
 * Takes the settings of the view out of the SETTINGS of its query, which stand behind the last SELECT.
 * @returns the settings, and the query with those that are left
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID, with position.
 */
export function takeViewSettings(
  query: Query,
  { into }: { readonly into: boolean },
  { source }: Pick<PlanContext, 'source'>,
): { readonly settings: ViewSettings; readonly query: Query } {
  const last = query.selects.at(-1)!;
  const isOfView = ({ name }: Setting) => viewSettings.some((definition) => definition.name === name.name);
  let settings = defaults;
  for (const setting of last.settings.filter(isOfView)) {
    const { name } = setting.name;
    const value = settingValue(setting.value, source);
    if (into && topicSettings.has(name)) {
      const message = `the setting ${name} is for the topic of a view that has one, but this one writes INTO another stream`;
      throw planError('PLAN_ARGUMENT_INVALID', message, { source, node: setting.name }, `it belongs to CREATE STREAM`);
    }
    if (Object.hasOwn(settings.given, name))
      throw planError('PLAN_ARGUMENT_INVALID', `the setting ${name} is given twice`, { source, node: setting.name });
    const read = placed({ source, node: setting.value }, () => readSetting(name, value));
    settings = { ...settings, ...read, given: { ...settings.given, [name]: value } };
  }
  const rest = { ...last, settings: last.settings.filter((setting) => !isOfView(setting)) };
  return { settings, query: { ...query, selects: [...query.selects.slice(0, -1), rest] } };
}

/** The query without the settings that are of the statement alone, and not of the view that it makes. */
export function lastingSettings(query: Query): Query {
  const last = query.selects.at(-1)!;
  const settings = last.settings.filter(({ name }) => name.name !== 'on_state_change');
  return { ...query, selects: [...query.selects.slice(0, -1), { ...last, settings }] };
}

function readSetting(name: string, value: string | number | boolean): Partial<ViewSettings> {
  switch (name) {
    case 'commit_interval':
      return { commitIntervalMs: atLeastOne(name, durationMs(name, value)) };
    case 'on_lost_data':
      return { onLostData: oneOf(name, value, ['stop', 'continue']) };
    case 'on_state_change':
      return { onStateChange: oneOf(name, value, ['refuse', 'discard']) };
    case 'recovery_policy':
      return { recoveryPolicy: oneOf(name, value, ['strict', 'best_effort']) };
    case 'parallelism':
      return { parallelism: parseInteger(name, value, 1, maxTasks) };
    case 'max_parallelism':
      return { maxParallelism: parseInteger(name, value, 1, maxTasks) };
    case 'shards':
      return { shards: parseInteger(name, value, 1, 10_000) };
    case 'replication_factor':
      parseInteger(name, value, 1, 100);
      return {};
    default:
      parseInteger(name, value, -1);
      return {};
  }
}

function atLeastOne(name: string, ms: number): number {
  if (ms >= 1 && ms <= 60_000) return ms;
  throw new MillraceError('PLAN_ARGUMENT_INVALID', `the setting ${name} is ${ms} ms, but must be from 1 ms to 1 minute`);
}

function oneOf<Value extends string>(name: string, value: unknown, legal: readonly Value[]): Value {
  const found = legal.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new MillraceError(
    'PLAN_ARGUMENT_INVALID',
    `the setting ${name} is ${JSON.stringify(value)}, but must be ${legal.map((text) => `'${text}'`).join(' or ')}`,
  );
}
