import { formatDataType, parseDataType } from '@millrace/data';
import type { ColumnDefinition, MaterializedViewDefinition, StreamDefinition, ViewDefinition } from './definitions.ts';

/** A definition as it is kept: JSON with types as texts, readable by a person with the `sqlite3` tool. */
export function encodeDefinition(definition: StreamDefinition | ViewDefinition | MaterializedViewDefinition): string {
  return JSON.stringify(definition, (key, value: unknown) =>
    key === 'columns' ? (value as ColumnDefinition[]).map((column) => ({ ...column, type: formatDataType(column.type) })) : value,
  );
}

export function decodeStream(text: string): StreamDefinition {
  return withTypes(JSON.parse(text) as StreamDefinition);
}

export function decodeView(text: string): ViewDefinition {
  return withTypes(JSON.parse(text) as ViewDefinition);
}

export function decodeMaterializedView(text: string): MaterializedViewDefinition {
  const plain = withTypes(JSON.parse(text) as MaterializedViewDefinition);
  return { ...plain, stream: plain.stream && withTypes(plain.stream) };
}

function withTypes<Definition extends { readonly columns: readonly ColumnDefinition[] }>(definition: Definition): Definition {
  const columns = definition.columns.map((column) => ({ ...column, type: parseDataType(column.type as unknown as string) }));
  return { ...definition, columns };
}
