export {
  Catalog,
  type CatalogOptions,
  openCatalog,
  type RelationChange,
  type StreamChanges,
  type ViewChanges,
} from './catalog.ts';
export type { CatalogChange, CatalogLog, CatalogOrigin, CatalogProjection } from './catalog-log.ts';
export type {
  CatalogReader,
  ColumnDefinition,
  MaterializedViewDefinition,
  RelationKind,
  StreamDefinition,
  ViewDefinition,
} from './definitions.ts';
export type { IngestResult } from './ingest-memory.ts';
export { streamNameOf, topicNameOf } from './topic-name.ts';
