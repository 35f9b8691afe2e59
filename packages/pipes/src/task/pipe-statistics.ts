/**
 * `starting`: joins its group, opens its stages. `standby`: other servers have all partitions. `waiting`: brokers or the target do not
 * answer, it goes on by itself.
 */
export type PipeState = 'starting' | 'standby' | 'running' | 'waiting' | 'stopped' | 'failed';

/** Figures of one stage. Events are rows and deletions. */
export interface StageStatistics {
  readonly eventsIn: number;
  readonly eventsOut: number;
  /** Tries that were repeated. */
  readonly retries: number;
  /** Calls that have failed. */
  readonly errors: number;
}

/** How far a pipe is in a partition. */
export interface PipePartitionStatistics {
  readonly topic: string;
  readonly partition: number;
  /** Everything before it is delivered and committed. */
  readonly committedOffset: number;
  /** The end of what is to be read: of the log, or of its history where only that is read. */
  readonly endOffset: number;
  /** Records that are still to come. */
  readonly lag: number;
  readonly isHistorical: boolean;
}

/** A pipe in this server as it stands. Plain data. */
export interface PipeStatistics {
  readonly state: PipeState;
  /** Records taken from the logs. */
  readonly recordsIn: number;
  readonly bytesIn: number;
  readonly extractor: StageStatistics;
  readonly processor: StageStatistics;
  readonly connector: StageStatistics;
  readonly deadLetters: number;
  /** Records passed over because they had been where the pipe leads. */
  readonly loops: number;
  readonly partitions: readonly PipePartitionStatistics[];
  /** Records that are still to come, in the partitions that this server has. */
  readonly remainingEvents: number;
  /** By the rate of the last seconds; null while nothing moves, and of a source of its own. */
  readonly remainingSeconds: number | null;
  /** Records that are done in a second, over the last seconds. */
  readonly rate: number;
  readonly lastDeliveryMs: number | null;
  readonly lastError: string | null;
  /** Whether the processor keeps state. */
  readonly keepsState: boolean;
}

const noStage: StageStatistics = { eventsIn: 0, eventsOut: 0, retries: 0, errors: 0 };

/** Of a pipe that has not begun. */
export const noPipeStatistics: PipeStatistics = {
  state: 'starting',
  recordsIn: 0,
  bytesIn: 0,
  extractor: noStage,
  processor: noStage,
  connector: noStage,
  deadLetters: 0,
  loops: 0,
  partitions: [],
  remainingEvents: 0,
  remainingSeconds: null,
  rate: 0,
  lastDeliveryMs: null,
  lastError: null,
  keepsState: false,
};
