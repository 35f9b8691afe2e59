import { asMillraceError } from '@millrace/core';

/**
 * An error of one row, on its way up through the operators that handed the row down. Each operator that leaves rows out or
 * moves them puts the row's number in its own input in ({@link throughRows}); the source turns it into partition and offset.
 */
export class RowFailure extends Error {
  readonly row: number;

  constructor(row: number, cause: unknown) {
    super(asMillraceError(cause).message, { cause });
    this.row = row;
  }
}

/** Runs what takes rows `rows[0 … count)` of a chunk; a failure of row i becomes one of row `rows[i]`. */
export function throughRows(rows: ArrayLike<number>, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw error instanceof RowFailure ? new RowFailure(rows[error.row]!, error.cause) : error;
  }
}

/** Runs what takes rows that are not those of the chunk at hand: a failure then belongs to none of its rows. */
export function withoutRows(run: () => void): void {
  try {
    run();
  } catch (error) {
    throw error instanceof RowFailure ? error.cause : error;
  }
}

/** Runs what takes the rows from `start` on. */
export function shiftedBy(start: number, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw error instanceof RowFailure ? new RowFailure(start + error.row, error.cause) : error;
  }
}
