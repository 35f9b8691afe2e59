import type { RecordHeader } from '@millrace/kafka-protocol';

/** A record that a query cannot process. */
export interface RefusedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  readonly reason: string;
}

/** How the scans of a task that may begin anew go on where an earlier one has stopped, and what they do with bad records. */
export interface ScanRecovery {
  /** The next record of each partition of a topic; empty at the very first start. */
  offsetsOf(topic: string): ReadonlyMap<number, number>;
  /** When the position in a partition became what it is (ms since the epoch), for messages. */
  positionTime(topic: string, partition: number): number | undefined;
  /** What to do if the log has dropped records that were not read. */
  readonly onLostData: 'stop' | 'continue';
  /** Holds refused records that are to be processed once more (see {@link RefusedRecord}); null = there are none. */
  readonly replayTopic: string | null;
  /** Takes a record that cannot be processed. @throws to end the task there. */
  refuse(record: RefusedRecord): void;
  /** Records on which operators have failed before, with the reasons: they are refused. Undefined if there are none. */
  failedBefore(topic: string, partition: number): ReadonlyMap<number, string> | undefined;
}
