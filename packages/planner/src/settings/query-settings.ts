import { MillraceError, nearest } from '@millrace/core';
import type { Expression, Setting } from '@millrace/sql';
import { type Place, placed, planError } from '../plan-error.ts';
import { durationMs, parseBool, parseInteger } from './setting-values.ts';

/** A setting of queries and inserts: what SHOW SETTINGS prints. */
export interface SettingDefinition {
  readonly name: string;
  readonly type: 'string' | 'bool' | 'integer' | 'duration';
  /** As it would be written. */
  readonly default: string;
  readonly help: string;
}

/** Every setting, sorted by name. */
export const querySettings: readonly SettingDefinition[] = [
  {
    name: 'idle_timeout',
    type: 'duration',
    default: '5s',
    help: 'a partition that is read to its end and silent for so long no longer holds windows open; 0 = never',
  },
  {
    name: 'max_future_skew',
    type: 'duration',
    default: '0',
    help: 'rows whose event time is further ahead of the clock do not move the watermark; 0 = no bound',
  },
  {
    name: 'max_insert_block',
    type: 'integer',
    default: '67108864',
    help: 'bytes of an INSERT that are validated whole before the first is written',
  },
  {
    name: 'output_format_json_quote_64bit_integers',
    type: 'bool',
    default: '1',
    help: 'JSON formats put 64-bit integers in quotes',
  },
  {
    name: 'output_format_json_quote_denormals',
    type: 'bool',
    default: '0',
    help: 'JSON formats write nan and inf in quotes instead of null',
  },
  {
    name: 'seek_by_time',
    type: 'bool',
    default: '1',
    help: 'predicates on event time start reading at the first record with such a record timestamp; 0 = read from the start',
  },
  {
    name: 'seek_to',
    type: 'string',
    default: '',
    help: "where reading starts: 'earliest', 'latest', a time, an interval back from now ('-2h'), or offsets ('5,3,11')",
  },
];

/** Settings that clients of ClickHouse send of their own accord; they are taken and have no effect. */
const clientSettings: ReadonlySet<string> = new Set([
  'allow_experimental_analyzer',
  'async_insert',
  'cancel_http_readonly_queries_on_client_close',
  'compress',
  'date_time_input_format',
  'date_time_output_format',
  'decompress',
  'enable_http_compression',
  'http_headers_progress_interval_ms',
  'insert_quorum',
  'log_comment',
  'log_queries',
  'max_block_size',
  'max_execution_time',
  'max_insert_block_size',
  'max_result_rows',
  'output_format_json_named_tuples_as_objects',
  'readonly',
  'result_overflow_mode',
  'send_progress_in_http_headers',
  'session_check',
  'session_id',
  'session_timeout',
  'wait_end_of_query',
  'wait_for_async_insert',
]);

/** True for a setting that foreign clients always send: without effect here. */
export function isClientSetting(name: string): boolean {
  return clientSettings.has(name);
}

/** The settings of a query, with defaults filled in. */
export interface QuerySettings {
  /** As written; empty = not given. */
  readonly seekTo: string;
  /** Where `seek_to` stands in the text, if it does. */
  readonly seekToPlace: Place | null;
  readonly seekByTime: boolean;
  /** 0 = never idle. */
  readonly idleTimeoutMs: number;
  /** null = no bound. */
  readonly maxFutureSkewMs: number | null;
  readonly quote64BitIntegers: boolean;
  readonly quoteDenormals: boolean;
  readonly maxInsertBlockBytes: number;
}

const defaults: QuerySettings = {
  seekTo: '',
  seekToPlace: null,
  seekByTime: true,
  idleTimeoutMs: 5000,
  maxFutureSkewMs: null,
  quote64BitIntegers: true,
  quoteDenormals: false,
  maxInsertBlockBytes: 64 * 1024 * 1024,
};

/**
 * Reads settings by name, as a request gives them (texts or values).
 * @throws {MillraceError} PLAN_SETTING_UNKNOWN with the nearest name, PLAN_ARGUMENT_INVALID for a value that the setting cannot have.
 */
export function resolveQuerySettings(given: Readonly<Record<string, unknown>>, base: QuerySettings = defaults): QuerySettings {
  let settings = base;
  for (const [name, value] of Object.entries(given)) {
    if (!isClientSetting(name)) settings = { ...settings, ...readSetting(name, value) };
  }
  return settings;
}

/** The settings with those of a SETTINGS clause before them. @throws as {@link resolveQuerySettings}, with position. */
export function withSettingsClause(base: QuerySettings, clause: readonly Setting[], source: string): QuerySettings {
  let settings = base;
  for (const setting of clause) {
    const { name } = setting.name;
    if (isClientSetting(name)) continue;
    const value = settingValue(setting.value, source);
    const known = querySettings.some((definition) => definition.name === name);
    const place = { source, node: known ? setting.value : setting.name };
    settings = placed(place, () => ({ ...settings, ...readSetting(name, value) }));
    if (name === 'seek_to') settings = { ...settings, seekToPlace: place };
  }
  return settings;
}

/** The value of a setting as it is written: text, number or bool. @throws {MillraceError} PLAN_ARGUMENT_INVALID. */
export function settingValue(value: Expression, source: string): string | number | boolean {
  if (value.kind === 'string' || value.kind === 'boolean') return value.value;
  if (value.kind === 'number') return Number(value.text);
  if (value.kind === 'interval' && value.amount.kind === 'number') return `${value.amount.text} ${value.unit}`;
  if (value.kind === 'unary' && value.operator === '-' && value.operand.kind === 'number') return -Number(value.operand.text);
  throw planError('PLAN_ARGUMENT_INVALID', 'the value of a setting is a string, a number or a bool', { source, node: value });
}

function readSetting(name: string, value: unknown): Partial<QuerySettings> {
  switch (name) {
    case 'seek_to':
      return { seekTo: String(value), seekToPlace: null };
    case 'seek_by_time':
      return { seekByTime: parseBool(name, value) };
    case 'idle_timeout':
      return { idleTimeoutMs: durationMs(name, value) };
    case 'max_future_skew':
      return { maxFutureSkewMs: durationMs(name, value) || null };
    case 'max_insert_block':
      return { maxInsertBlockBytes: parseInteger(name, value, 1) };
    case 'output_format_json_quote_64bit_integers':
      return { quote64BitIntegers: parseBool(name, value) };
    case 'output_format_json_quote_denormals':
      return { quoteDenormals: parseBool(name, value) };
    default:
      throw unknownSetting(name, querySettings);
  }
}

/** PLAN_SETTING_UNKNOWN with the nearest name, or with all of them. */
export function unknownSetting(name: string, known: readonly { readonly name: string }[]): MillraceError {
  const names = known.map((definition) => definition.name);
  const near = nearest(name, names);
  return new MillraceError('PLAN_SETTING_UNKNOWN', `unknown setting ${name}`, {
    hint: near === undefined ? `settings are ${names.join(', ')}` : `did you mean ${near}?`,
    details: { setting: name },
  });
}
