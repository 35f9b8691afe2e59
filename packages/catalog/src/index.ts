export { Catalog, type CatalogOptions, openCatalog, type StreamChanges } from './catalog.ts';
export type { CatalogReader, ColumnDefinition, StreamDefinition, ViewDefinition } from './definitions.ts';
export type { IngestResult } from './ingest-memory.ts';
export { streamNameOf, topicNameOf } from './topic-name.ts';
