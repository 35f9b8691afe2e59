export type { LateSample } from './operators/operator.ts';
export type { StreamTarget } from './sinks/stream-sink.ts';
export type { UndecodableSample } from './sources/samples.ts';
export type { PartitionProgress } from './sources/scan-partition.ts';
export { type EngineOptions, QueryEngine, type StartRequest } from './task/query-engine.ts';
export type { QueryRequest, SinkRequest } from './task/query-request.ts';
export type { RunningQuery } from './task/running-query.ts';
export type { OperatorStatistics, QueryState, QueryStatistics } from './task/statistics.ts';
