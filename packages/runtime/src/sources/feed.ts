import type { UndecodableRecords } from './samples.ts';

/** Collects record batches of one partition after another and hands on what they hold. */
export interface Feed {
  /** Records taken from the log. */
  readonly recordsIn: number;
  /** Rows handed to the operators. */
  readonly rowsOut: number;
  readonly undecodable: UndecodableRecords;
  /** True if what is collected should be flushed before more is added. */
  readonly isFull: boolean;
  /** Collects one batch. False if it does not go with those before: flush, and add it again. */
  add(bytes: Buffer, start: number, end: number, fromOffset: number): boolean;
  /**
   * Decodes what was collected of a partition and hands it on. @param endOffset records from here on are left out.
   * @returns the offset behind the last record, or undefined if there was none.
   */
  flush(partition: number, endOffset: number): number | undefined;
}
