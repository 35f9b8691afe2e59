import type { FetchedPartition } from '@millrace/kafka-client';
import type { WatermarkTracker } from '../watermark/watermark-tracker.ts';
import type { PartitionStart } from './start-positions.ts';

/** How far a query is in one partition. */
export interface PartitionProgress {
  readonly topic: string;
  readonly partition: number;
  /** The next record to take. */
  readonly nextOffset: number;
  /** The end of the log when it was last heard of. */
  readonly highWatermark: number;
  readonly lag: number;
  /** The largest event time seen; null before the first, and without event-time windows. */
  readonly eventTimeMs: number | null;
  readonly watermarkMs: number | null;
  readonly isIdle: boolean;
}

/** Where a scan stands in one partition. */
export class ScanPartition {
  readonly topic: string;
  readonly partition: number;
  /** The end of the history: what the log held when the query started. */
  readonly endOffset: number;
  nextOffset: number;
  #highWatermark: number;
  #lastStableOffset: number;

  constructor(topic: string, { partition, startOffset, endOffset }: PartitionStart) {
    this.topic = topic;
    this.partition = partition;
    this.nextOffset = startOffset;
    this.endOffset = endOffset;
    this.#highWatermark = endOffset;
    this.#lastStableOffset = endOffset;
  }

  /** True if the history is read. */
  get isRead(): boolean {
    return this.nextOffset >= this.endOffset;
  }

  /** True if all that may be read is taken, as far as is known. */
  get isAtEnd(): boolean {
    return this.nextOffset >= this.#lastStableOffset;
  }

  /** All of this was taken. */
  take({ nextOffset, highWatermark, lastStableOffset }: FetchedPartition): void {
    this.nextOffset = Math.max(this.nextOffset, nextOffset);
    this.#highWatermark = highWatermark;
    this.#lastStableOffset = lastStableOffset;
  }

  progress(tracker: WatermarkTracker | null): PartitionProgress {
    const { topic, partition, nextOffset } = this;
    const highWatermark = Math.max(this.#highWatermark, nextOffset);
    const time = tracker?.describe(partition) ?? { eventTimeMs: null, watermarkMs: null, isIdle: false };
    return { topic, partition, nextOffset, highWatermark, lag: highWatermark - nextOffset, ...time };
  }
}
