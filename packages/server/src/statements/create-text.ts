import type { ColumnDefinition, MaterializedViewDefinition, StreamDefinition, ViewDefinition } from '@millrace/catalog';
import { formatDataType, quoteText } from '@millrace/data';
import { quoteName } from './quote-name.ts';

/** The statement that makes a stream again. */
export function createStreamText(stream: StreamDefinition): string {
  const lines = [
    `CREATE STREAM ${quoteName(stream.name)}`,
    '(',
    stream.columns.map((column) => `  ${columnText(column)}`).join(',\n'),
    ')',
    ...(stream.primaryKey.length > 0 ? [`PRIMARY KEY (${stream.primaryKey.join(', ')})`] : []),
    ...settingsText(stream),
    ...(stream.comment === null ? [] : [`COMMENT ${quoteText(stream.comment)}`]),
  ];
  return lines.join('\n');
}

function columnText({ name, type, default: fallback, comment }: ColumnDefinition): string {
  const parts = [quoteName(name), formatDataType(type)];
  if (fallback !== null) parts.push(`DEFAULT ${fallback}`);
  if (comment !== null) parts.push(`COMMENT ${quoteText(comment)}`);
  return parts.join(' ');
}

function settingsText({ settings }: StreamDefinition): string[] {
  const given = Object.entries(settings).map(([name, value]) => `${name}=${typeof value === 'string' ? quoteText(value) : String(value)}`);
  return given.length === 0 ? [] : [`SETTINGS ${given.join(', ')}`];
}

/** The statement that makes a view again. */
export function createViewText(view: ViewDefinition): string {
  return `CREATE VIEW ${quoteName(view.name)} AS ${view.sql}`;
}

/** The statement that makes a materialized view again; its settings stand behind its query. */
export function createMaterializedViewText({ name, into, sql }: MaterializedViewDefinition): string {
  return `CREATE MATERIALIZED VIEW ${quoteName(name)}${into === null ? '' : ` INTO ${quoteName(into)}`} AS ${sql}`;
}
