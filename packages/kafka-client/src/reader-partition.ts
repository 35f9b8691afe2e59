import type { PartitionOffset } from './ports.ts';

/** Where a reader stands in one partition. A new assignment makes a new one: what comes for the old one is dropped. */
export class ReaderPartition {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to fetch. */
  fetchOffset: number;
  /** The next offset to hand out. */
  takenOffset: number;
  paused = false;
  /** Nothing more is fetched: its offset is being refused. */
  halted = false;
  /** Node id of the leader, once known. */
  leader: number | undefined;
  /** Since when (monotonic) topic or leader are missing. */
  missingSinceMs: number | undefined;
  /** What the caller was told last; -1 if nothing yet. */
  reportedHighWatermark = -1;
  /** True after one batch failed its checksum: the second time is an error. */
  wasCorrupt = false;

  constructor({ topic, partition, offset }: PartitionOffset) {
    this.topic = topic;
    this.partition = partition;
    this.fetchOffset = offset;
    this.takenOffset = offset;
  }

  /** The leader is to be looked up again. */
  loseLeader(nowMs: number): void {
    this.leader = undefined;
    this.missingSinceMs ??= nowMs;
  }
}
