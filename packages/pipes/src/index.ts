export type { PipeEngine, PipeEngineOptions, PipePlugins } from './engine/pipe-engine.ts';
export type { ExportDescription, InstalledPlugin, InstallRequest, PluginDescription } from './host/plugin-description.ts';
export type { PluginHost, PluginHostOptions } from './host/plugin-host.ts';
export type { PluginLimits, PluginMetric, StageEnvironment, StageLink, StagePorts } from './host/stage-environment.ts';
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
