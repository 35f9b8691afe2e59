export type {
  Attribute,
  AttributeDescription,
  AttributeResult,
  AttributeSchema,
  AttributeShape,
  AttributeValues,
  StageKind,
} from './attributes/attribute.ts';
export type {
  ConnectorDefinition,
  Emit,
  Extracted,
  ExtractorDefinition,
  Json,
  KeyedState,
  OpenContext,
  PluginBase,
  PluginClass,
  PluginDefinition,
  ProcessContext,
  ProcessorDefinition,
  StreamSelection,
  TransferContext,
} from './definitions/plugin-definition.ts';
export { BadRecord, NotConnected, Retryable } from './errors.ts';
export type { ColumnReader, DeleteEvent, HeartbeatEvent, Origin, PipeEvent, RowsEvent, WatermarkEvent } from './events.ts';
export { type Injected, type Injections, type ServiceToken, serviceToken } from './service-token.ts';
export {
  Clock,
  Logger,
  Metrics,
  Sql,
  type SqlQuery,
  type StreamDescription,
  Streams,
  type TopicCluster,
  type TopicRecord,
  Topics,
  type TopicWriter,
} from './services.ts';
export type { Column, Row, Value } from './values.ts';
