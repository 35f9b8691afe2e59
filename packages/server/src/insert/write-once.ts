import type { BatchMark } from './batches.ts';

/** Makes rows be written once, however often the same request comes, and whatever becomes of the process in between. */
export interface WriteOnce {
  /** Chooses the partition of rows that may go to any: the same one each time. */
  readonly key: Buffer;
  readonly mark: BatchMark;
  /** Called before the first batch is sent. @returns the numbers of the batches that an earlier try has written */
  begin(): Promise<ReadonlySet<number>>;
}
