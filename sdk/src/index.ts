export { a, type Bounds } from './attributes/a.ts';
export type {
  Attribute,
  AttributeDescription,
  AttributeResult,
  AttributeSchema,
  AttributeShape,
  AttributeValues,
  ReadOptions,
  StageKind,
} from './attributes/attribute.ts';
export type { ConnectorDefinition, ConnectorHooks, TransferContext } from './definitions/connector-definition.ts';
export { type ConnectorClass, defineConnector } from './definitions/define-connector.ts';
export { defineExtractor, type ExtractorClass } from './definitions/define-extractor.ts';
export { defineProcessor, type ProcessorClass } from './definitions/define-processor.ts';
export type {
  Extracted,
  ExtractorContext,
  ExtractorDefinition,
  ExtractorHooks,
  NextContext,
  StreamSelection,
} from './definitions/extractor-definition.ts';
export { isPluginDefinition, type PluginDefinition } from './definitions/is-plugin-definition.ts';
export type {
  ConnectorInstance,
  ExtractorInstance,
  PluginClass,
  PluginInstance,
  ProcessorInstance,
  RuntimeContext,
} from './definitions/plugin-class.ts';
export type { Json, OpenContext, PluginBase } from './definitions/plugin-definition.ts';
export type { Emit, KeyedState, ProcessContext, ProcessorDefinition, ProcessorHooks } from './definitions/processor-definition.ts';
export { BadRecord, NotConnected, Retryable } from './errors.ts';
export type { ColumnReader, DeleteEvent, HeartbeatEvent, Origin, PipeEvent, RowsEvent, WatermarkEvent } from './events.ts';
export { inject } from './inject.ts';
export { type Injected, type Injections, type NoInjections, type ServiceToken, serviceToken } from './service-token.ts';
export {
  Clock,
  Logger,
  Metrics,
  Settings,
  Sql,
  type SqlQuery,
  type StreamDescription,
  Streams,
  type TopicCluster,
  type TopicRecord,
  Topics,
  type TopicWriter,
} from './services.ts';
// All of it, and not by names: only so can other modules add to StreamRows.
export * from './stream-rows.ts';
export type { Column, Row, Value } from './values.ts';
