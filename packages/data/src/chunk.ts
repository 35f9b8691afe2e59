import type { Column } from './column.ts';

/** A columnar group of rows: `columns[i]` holds the i-th column of the schema that the plan knows. Immutable once handed over. */
export interface Chunk {
  readonly rowCount: number;
  readonly columns: readonly Column[];
  /**
   * The watermark (event time, ms) of the rows' own partition as it stood before their record batch: a window that ends at or
   * before it is closed to these rows. Absent = nothing is. Whoever makes a chunk out of another one passes it on.
   */
  readonly lateBeforeMs?: number;
}
