import type { Column } from '../column.ts';

/** Which rows count: 1 = take, 0 = skip; null = all. */
export type Selection = Uint8Array | null;

/**
 * Gives the distinct values of one key column small dense numbers (ids). Hashes and compares lanes and bytes in place;
 * keys are copied when they are new. NULL is a value like others; −0 is 0; every nan is the same.
 */
export interface KeyDictionary {
  /** Ids in use. */
  readonly size: number;
  /** One more than the highest id ever given: what arrays indexed by id must have room for. */
  readonly indexBound: number;
  readonly sizeBytes: number;
  /** Writes the id of each row to `into`, −1 for rows that are not selected. */
  intern(column: Column, rowCount: number, into: Int32Array, selection: Selection): void;
  /** The keys of these ids as a column. */
  column(ids: Int32Array, count: number): Column;
  /** Makes room for so many ids at once: for whoever knows that they are coming. */
  reserve(count: number): void;
  /** Forgets an id in use: it may be given to another key. */
  release(id: number): void;
  clear(): void;
}
