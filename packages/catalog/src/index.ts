export {
  Catalog,
  type CatalogOptions,
  openCatalog,
  type RelationChange,
  type StreamChanges,
  type ViewChanges,
} from './catalog.ts';
export type { CatalogChange, CatalogLog, CatalogOrigin, CatalogProjection, NameSpace } from './catalog-log.ts';
export type { DefinitionChange, DefinitionSpace } from './definition-space.ts';
export type {
  CatalogReader,
  ColumnDefinition,
  MaterializedViewDefinition,
  ObjectKind,
  PipeDefinition,
  PipePluginDefinition,
  PipeStageDefinition,
  RelationKind,
  StreamDefinition,
  ViewDefinition,
} from './definitions.ts';
export type { IngestResult } from './ingest-memory.ts';
export { streamNameOf, topicNameOf } from './topic-name.ts';
