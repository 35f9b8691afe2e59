import { MillraceError } from '@millrace/core';
import { quoteText } from '@millrace/data';
import { parseStatements } from '@millrace/sql';
import { quoteName } from '../statements/quote-name.ts';
import { textField } from './json-body.ts';

/** Fields of the document that are settings of the stream, and what these are called. */
const settingFields: Readonly<Record<string, string>> = {
  event_time_column: 'event_time_column',
  shards: 'shards',
  replication_factor: 'replication_factor',
  shard_by_expression: 'sharding_expr',
  sharding_expr: 'sharding_expr',
  mode: 'mode',
  topic: 'topic',
  data_format: 'data_format',
  retention_ms: 'retention_ms',
  retention_bytes: 'retention_bytes',
};

/**
 * The statement that makes the stream of a document `{"name", "columns": [{"name", "type", "default"}], "event_time_column", "shards", …}`.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID
 */
export function createStatement(document: Record<string, unknown>): string {
  const name = quoteName(textField(document, 'name'));
  if (!Array.isArray(document['columns']))
    throw new MillraceError('PLAN_ARGUMENT_INVALID', 'the field "columns" must be a list of columns');
  const columns = (document['columns'] as unknown[]).map(columnText).join(', ');
  const settings = Object.entries(settingFields)
    .filter(([field]) => document[field] !== undefined && document[field] !== null)
    .map(([field, setting]) => `${setting} = ${settingText(document[field])}`);
  const comment = typeof document['comment'] === 'string' ? ` COMMENT ${quoteText(document['comment'])}` : '';
  return `CREATE STREAM ${name} (${columns})${settings.length > 0 ? ` SETTINGS ${settings.join(', ')}` : ''}${comment}`;
}

function columnText(given: unknown): string {
  if (typeof given !== 'object' || given === null) throw new MillraceError('PLAN_ARGUMENT_INVALID', 'a column must be an object');
  const column = given as Record<string, unknown>;
  const fallback = typeof column['default'] === 'string' && column['default'] !== '' ? ` DEFAULT ${column['default']}` : '';
  const nullable = column['nullable'] === true;
  const type = textField(column, 'type');
  const text = `${quoteName(textField(column, 'name'))} ${nullable ? `nullable(${type})` : type}${fallback}`;
  if (!isOneColumn(text)) {
    throw new MillraceError('PLAN_ARGUMENT_INVALID', `the column ${JSON.stringify(column['name'])} is more than a type and a default`);
  }
  return text;
}

/** Type and default are pieces of SQL: they must not end the column's place in the statement. @throws {MillraceError} SQL_SYNTAX */
function isOneColumn(text: string): boolean {
  const [first, ...others] = parseStatements(`CREATE STREAM checked (${text}\n)`);
  if (others.length > 0 || first?.statement.kind !== 'create_stream') return false;
  const { columns, settings, primaryKey } = first.statement;
  return columns.length === 1 && settings.length === 0 && primaryKey.length === 0;
}

function settingText(value: unknown): string {
  return typeof value === 'string' ? quoteText(value) : String(value);
}
