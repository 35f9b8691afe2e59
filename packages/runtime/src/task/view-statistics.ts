import type { PartitionOffset } from '@millrace/kafka-client';

/** What there is to say of a materialized view beyond its query. Plain data. Counts are of this process's life. */
export interface ViewStatistics {
  /** ms since the epoch; null before the first commit. */
  readonly lastCommitMs: number | null;
  readonly commits: number;
  /** Times that it began anew after a failure. */
  readonly restarts: number;
  /** The last failure: one that it recovered from, or that it ended with; null if there was none. */
  readonly lastError: string | null;
  readonly deadLetters: number;
  /** Records a second, over the last seconds. */
  readonly rate: number;
  /** Up to where each source partition is done, durably. */
  readonly committed: readonly PartitionOffset[];
}
