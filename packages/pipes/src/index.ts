export type { EventBatch, RecordLanes } from './stage/event-batch.ts';
export type {
  ConnectorStage,
  ExtractorStage,
  PluginReference,
  Processed,
  ProcessorStage,
  StageFailure,
  StageOpener,
  StageRequest,
  TransactionWriter,
} from './stage/stage.ts';
