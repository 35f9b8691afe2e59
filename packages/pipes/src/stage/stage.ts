import type { Json, StageKind, StreamSelection, TopicRecord } from '@millrace/sdk';
import type { EventBatch } from './event-batch.ts';

/** A plugin as the catalog of plugins knows it: plain data. */
export interface PluginReference {
  /** As pipes name it. */
  readonly name: string;
  readonly kind: StageKind;
  /** URL of the module that exports it. */
  readonly module: string;
  /** Under which name; `default` for a default export. */
  readonly exportName: string;
  /** Package and version, e.g. `@acme/webhook@1.2.0 (3f9a…)`: one worker each. */
  readonly origin: string;
  /** Built-in plugins run beside the pipe, others in a worker of their own. */
  readonly isBuiltIn: boolean;
}

/** A stage of a pipe, as CREATE PIPE has fixed it: plain data. */
export interface StageRequest {
  readonly pipe: string;
  readonly kind: StageKind;
  readonly plugin: PluginReference;
  /** As in the statement, without the key that names the plugin. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** How a hook failed. Crosses thread borders as the details of a MillraceError with code PLUGIN_FAILED. */
export interface StageFailure {
  /**
   * `not-connected`: open again. `retryable`: again later. `bad-record`: `row` is to blame. `error`: it threw something else.
   * `timeout`, `memory`, `lost`: the watchdog, the heap's limit, or the death of the worker ended it: not tried again, the pipe stops.
   * `neighbour`: another pipe in the same worker is to blame: open again, nothing is counted.
   * `replaced`: newer code is there: open again, nothing is counted.
   */
  readonly cause: 'not-connected' | 'retryable' | 'bad-record' | 'error' | 'timeout' | 'memory' | 'lost' | 'neighbour' | 'replaced';
  readonly plugin: string;
  /** `open`, `map`, `transfer`, … */
  readonly hook: string;
  /** Row of the batch, for `bad-record`, and where the host can tell which one it was. */
  readonly row?: number;
  readonly afterMs?: number;
}

/** What a processor made of a batch. */
export interface Processed {
  /** In order. */
  readonly batches: readonly EventBatch[];
  /** What it changed of its keyed state: null = deleted. To be kept together with the progress. */
  readonly stateChanges: ReadonlyMap<string, Json | null>;
}

/** Every method rejects with PLUGIN_FAILED and a {@link StageFailure} in its details. Never throws synchronously. */
export interface ProcessorStage {
  /** One call at a time. On failure with `row` everything of the rows before it was left undone: it is called again with fewer. */
  process(batch: EventBatch, attempt: number): Promise<Processed>;
  /** What the partition's keyed state holds, before its first batch. */
  restore(topic: string, partition: number, state: ReadonlyMap<string, Json>): Promise<void>;
  /** Takes back the changes of the last call. */
  rollBack(): Promise<void>;
  close(): Promise<void>;
}

/** As {@link ProcessorStage}. */
export interface ConnectorStage {
  /** `ordered`: one transfer at a time. */
  readonly order: 'ordered' | 'unordered';
  readonly concurrency: number;
  readonly isTransactional: boolean;
  heartbeat(): Promise<void>;
  transfer(batch: EventBatch, attempt: number, transaction: TransactionWriter | undefined): Promise<void>;
  close(): Promise<void>;
}

/** The open transaction of the pipe, for connectors that are transactional: they run beside it, nothing crosses threads. */
export interface TransactionWriter {
  send(topic: string, records: readonly TopicRecord[]): Promise<void>;
}

/** A source of its own. */
export interface ExtractorStage {
  /** @returns null at its end */
  next(): Promise<{ readonly batch: EventBatch; readonly position: Json } | null>;
  close(): Promise<void>;
}

/** Opens stages: the border between pipes and the plugin host. Closing the last user of a shared connector closes it. */
export interface StageOpener {
  openProcessor(request: StageRequest, signal: AbortSignal): Promise<ProcessorStage>;
  /** Pipes whose connector requests are equal but for the pipe get one connector. */
  openConnector(request: StageRequest, signal: AbortSignal): Promise<ConnectorStage>;
  openExtractor(request: StageRequest, position: Json | undefined, signal: AbortSignal): Promise<ExtractorStage>;
  /** What an extractor of streams is to read; null = it has a source of its own. */
  select(request: StageRequest): Promise<StreamSelection | null>;
}
