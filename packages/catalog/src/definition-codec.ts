import { formatDataType, parseDataType } from '@millrace/data';
import type { ColumnDefinition, StreamDefinition, ViewDefinition } from './definitions.ts';

/** A definition as it is kept: JSON with types as texts, readable by a person with the `sqlite3` tool. */
export function encodeDefinition(definition: StreamDefinition | ViewDefinition): string {
  return JSON.stringify({ ...definition, columns: definition.columns.map((column) => ({ ...column, type: formatDataType(column.type) })) });
}

export function decodeStream(text: string): StreamDefinition {
  const plain = JSON.parse(text) as StreamDefinition;
  return { ...plain, columns: decodeColumns(plain.columns) };
}

export function decodeView(text: string): ViewDefinition {
  const plain = JSON.parse(text) as ViewDefinition;
  return { ...plain, columns: decodeColumns(plain.columns) };
}

function decodeColumns(columns: readonly ColumnDefinition[]): ColumnDefinition[] {
  return columns.map((column) => ({ ...column, type: parseDataType(column.type as unknown as string) }));
}
