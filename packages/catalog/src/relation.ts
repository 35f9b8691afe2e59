import type { CatalogChange } from './catalog-log.ts';
import { decodeMaterializedView, decodeStream, decodeView, encodeDefinition } from './definition-codec.ts';
import type { MaterializedViewDefinition, RelationKind, StreamDefinition, ViewDefinition } from './definitions.ts';

/** What a name stands for, and what it is. */
export type Relation =
  | { readonly kind: 'stream'; readonly definition: StreamDefinition }
  | { readonly kind: 'view'; readonly definition: ViewDefinition }
  | { readonly kind: 'materialized view'; readonly definition: MaterializedViewDefinition };

export type DefinitionOf<Kind extends RelationKind> = Extract<Relation, { kind: Kind }>['definition'];

export function decodeRelation({ kind, definition }: NonNullable<CatalogChange['content']>): Relation {
  switch (kind) {
    case 'stream':
      return { kind, definition: decodeStream(definition) };
    case 'view':
      return { kind, definition: decodeView(definition) };
    case 'materialized view':
      return { kind, definition: decodeMaterializedView(definition) };
    default:
      throw new Error(`a ${kind} is none of streams and views`);
  }
}

/** The change that puts it in the place of what its name stands for. */
export function changeTo({ kind, definition }: Relation): CatalogChange {
  return { space: 'relation', name: definition.name, content: { kind, definition: encodeDefinition(definition) } };
}
