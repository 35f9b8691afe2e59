export { PipeEngine, type PipeEngineOptions } from './engine/pipe-engine.ts';
export type { OpenStages, PipePlugins, ThreadStages } from './engine/pipe-plugins.ts';
export { RunningPipe } from './engine/running-pipe.ts';
export { matchesPattern } from './extract/path-pattern.ts';
export { HostedStages, openStages } from './host/hosted-stages.ts';
export { LocalStages } from './host/local-stages.ts';
export type { PackageNetwork } from './host/packages/fetch-package.ts';
export type { ExportDescription, InstalledPlugin, InstallRequest, PluginDescription } from './host/plugin-description.ts';
export { PluginHost, type PluginHostOptions } from './host/plugin-host.ts';
export type { PluginLimits, PluginMetric, StageEnvironment } from './host/stage-environment.ts';
export { type Boundaries, takeBoundaries } from './progress/boundaries.ts';
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
export type { PipeRequest } from './task/pipe-request.ts';
export type { PipePartitionStatistics, PipeState, PipeStatistics, StageStatistics } from './task/pipe-statistics.ts';
