import type { RecordHeader } from '@millrace/kafka-protocol';
import type { WriteOnce } from './write-once.ts';

/** What the records of an insert carry beside their rows. */
export interface RecordMarks {
  /** Null = a request that comes again is written again. */
  readonly once: WriteOnce | null;
  /** Of every record. */
  readonly headers: readonly RecordHeader[];
}

export const noMarks: RecordMarks = { once: null, headers: [] };
