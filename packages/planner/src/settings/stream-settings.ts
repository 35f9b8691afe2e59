import type { ColumnDefinition } from '@millrace/catalog';
import { MillraceError, nearest } from '@millrace/core';
import { formatDataType, isInteger, isTemporal, removeNullable } from '@millrace/data';
import type { Setting } from '@millrace/sql';
import type { PlanContext } from '../context.ts';
import { type Place, placed, planError } from '../plan-error.ts';
import { bindTextOverColumns } from '../stream/bind-columns.ts';
import { eventTimeColumnOf } from '../stream/event-time-column.ts';
import { settingValue, unknownSetting } from './query-settings.ts';
import { parseInteger } from './setting-values.ts';

/** A setting of CREATE STREAM. */
export interface StreamSettingDefinition {
  readonly name: string;
  readonly type: 'string' | 'integer';
  readonly help: string;
}

/** Every setting of CREATE STREAM, sorted by name. */
export const streamSettings: readonly StreamSettingDefinition[] = [
  { name: 'data_format', type: 'string', help: 'how record values are written: JSONEachRow (default), CSV, TSV, RawBLOB' },
  { name: 'event_time_column', type: 'string', help: 'the declared column that holds the event time' },
  { name: 'mode', type: 'string', help: 'append (the only one so far)' },
  { name: 'replication_factor', type: 'integer', help: 'how many brokers hold the topic; default 1' },
  { name: 'retention_bytes', type: 'integer', help: 'bytes that a partition keeps; -1 (default) = all' },
  { name: 'retention_ms', type: 'integer', help: 'how long records are kept, counted from their timestamps; -1 (default) = for ever' },
  { name: 'sharding_expr', type: 'string', help: 'an integer expression over the columns: its value modulo shards is the partition' },
  { name: 'shards', type: 'integer', help: 'partitions of the topic; default 1' },
  { name: 'topic', type: 'string', help: 'the name of the topic; default: made of the name of the stream' },
];

/** The settings of a CREATE STREAM, checked. */
export interface StreamSettings {
  /** What was given, as it was written. */
  readonly given: Readonly<Record<string, string | number | boolean>>;
  readonly eventTimeColumn: string | null;
  /** One of the canonical format names. */
  readonly dataFormat: string;
  /** null = made of the stream's name. */
  readonly topic: string | null;
  /** null = not given: 1, or what an existing topic has. */
  readonly shards: number | null;
  readonly replicationFactor: number;
  readonly shardingExpression: string | null;
  /** −1 = for ever. */
  readonly retentionMs: number;
  /** −1 = without bound. */
  readonly retentionBytes: number;
}

/** Canonical names of record formats, by lower-case spelling. */
const recordFormats: Readonly<Record<string, string>> = {
  jsoneachrow: 'JSONEachRow',
  ndjson: 'JSONEachRow',
  jsonlines: 'JSONEachRow',
  csv: 'CSV',
  tsv: 'TSV',
  tabseparated: 'TSV',
  rawblob: 'RawBLOB',
};

/**
 * Checks the SETTINGS of a CREATE STREAM against its columns.
 * @throws {MillraceError} PLAN_SETTING_UNKNOWN, PLAN_ARGUMENT_INVALID, PLAN_IDENTIFIER_UNKNOWN, PLAN_FORMAT_UNKNOWN, PLAN_TYPE_MISMATCH, NOT_SUPPORTED, with position.
 */
export function resolveStreamSettings(
  settings: readonly Setting[],
  columns: readonly ColumnDefinition[],
  context: PlanContext,
): StreamSettings {
  let resolved: StreamSettings = {
    given: {},
    eventTimeColumn: eventTimeColumnOf(columns, null),
    dataFormat: 'JSONEachRow',
    topic: null,
    shards: null,
    replicationFactor: 1,
    shardingExpression: null,
    retentionMs: -1,
    retentionBytes: -1,
  };
  for (const setting of settings) {
    const { name } = setting.name;
    const known = streamSettings.some((definition) => definition.name === name);
    const place: Place = { source: context.source, node: known ? setting.value : setting.name };
    const value = placed(place, () => {
      if (!known) throw unknownSetting(name, streamSettings);
      return settingValue(setting.value, context.source);
    });
    if (Object.hasOwn(resolved.given, name))
      throw planError('PLAN_ARGUMENT_INVALID', `the setting ${name} is given twice`, { source: context.source, node: setting.name });
    const read = placed(place, () => readSetting(name, value, columns, context));
    resolved = { ...resolved, ...read, given: { ...resolved.given, [name]: value } };
  }
  checkRaw(resolved, columns, settings, context);
  return resolved;
}

function readSetting(
  name: string,
  value: string | number | boolean,
  columns: readonly ColumnDefinition[],
  context: PlanContext,
): Partial<StreamSettings> {
  switch (name) {
    case 'mode':
      if (value === 'append') return {};
      if (['versioned_kv', 'changelog_kv', 'changelog'].includes(String(value)))
        throw new MillraceError('NOT_SUPPORTED', `mode ${value} is not supported`, { hint: "mode='append' is" });
      throw new MillraceError('PLAN_ARGUMENT_INVALID', `the setting mode is ${JSON.stringify(value)}, but must be append`);
    case 'shards':
      return { shards: parseInteger(name, value, 1, 10_000) };
    case 'replication_factor':
      return { replicationFactor: parseInteger(name, value, 1, 100) };
    case 'retention_ms':
      return { retentionMs: parseInteger(name, value, -1) };
    case 'retention_bytes':
      return { retentionBytes: parseInteger(name, value, -1) };
    case 'topic':
      return { topic: topicName(String(value)) };
    case 'data_format':
      return { dataFormat: formatName(String(value)) };
    case 'event_time_column':
      return { eventTimeColumn: eventTimeColumn(String(value), columns) };
    default:
      return { shardingExpression: shardingExpression(String(value), columns, context) };
  }
}

function topicName(name: string): string {
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..') return name;
  throw new MillraceError(
    'PLAN_ARGUMENT_INVALID',
    `the setting topic is ${JSON.stringify(name)}, but a topic's name has 1 to 249 of the characters a-z A-Z 0-9 . _ -`,
  );
}

function formatName(name: string): string {
  const found = recordFormats[name.toLowerCase()];
  if (found !== undefined) return found;
  const names = [...new Set(Object.values(recordFormats))];
  const near = nearest(name, names);
  throw new MillraceError('PLAN_FORMAT_UNKNOWN', `unknown format ${name} for records`, {
    hint: near === undefined ? `formats are ${names.join(', ')}` : `did you mean ${near}?`,
  });
}

function eventTimeColumn(name: string, columns: readonly ColumnDefinition[]): string {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) {
    const near = nearest(
      name,
      columns.map((column) => column.name),
    );
    throw new MillraceError('PLAN_IDENTIFIER_UNKNOWN', `event_time_column names ${name}, which is not declared`, {
      hint: near === undefined ? undefined : `did you mean ${near}?`,
    });
  }
  if (isTemporal(found.type)) return name;
  throw new MillraceError(
    'PLAN_TYPE_MISMATCH',
    `event_time_column names ${name} of type ${formatDataType(found.type)}, but event time is a date-time`,
  );
}

function shardingExpression(text: string, columns: readonly ColumnDefinition[], context: PlanContext): string {
  const bound = bindTextOverColumns(text, columns, 'sharding_expr', context);
  if (isInteger(bound.type)) return text;
  throw new MillraceError('PLAN_TYPE_MISMATCH', `sharding_expr gives ${formatDataType(bound.type)}, but must give an integer`);
}

/** A raw record is one string. */
function checkRaw(
  { dataFormat }: StreamSettings,
  columns: readonly ColumnDefinition[],
  settings: readonly Setting[],
  context: PlanContext,
): void {
  const isOneString = columns.length === 1 && removeNullable(columns[0]!.type).kind === 'string';
  if (dataFormat !== 'RawBLOB' || isOneString) return;
  const node = settings.find((setting) => setting.name.name === 'data_format')!.value;
  throw planError('PLAN_ARGUMENT_INVALID', 'a stream of format RawBLOB has exactly one column, of type string', {
    source: context.source,
    node,
  });
}
