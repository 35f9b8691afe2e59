import { type Chunk, type Column, gather, sliceColumn } from '@millrace/data';

/** The chunk of rows `rows[0 … count)` of a chunk; columns that stand more than once are taken once. */
export function takeRows(chunk: Chunk, rows: Int32Array, count: number): Chunk {
  return { ...chunk, rowCount: count, columns: takeFrom(chunk.columns, rows, count, new Map()) };
}

/** {@link gather} over columns, each taken once however often it stands. */
export function takeFrom(columns: readonly Column[], rows: Int32Array, count: number, taken: Map<Column, Column>): Column[] {
  return columns.map((column) => {
    let result = taken.get(column);
    if (result === undefined) taken.set(column, (result = gather(column, rows, count)));
    return result;
  });
}

/** Rows start … end − 1, as views. */
export function sliceChunk(chunk: Chunk, start: number, end: number): Chunk {
  if (start === 0 && end === chunk.rowCount) return chunk;
  return { ...chunk, rowCount: end - start, columns: chunk.columns.map((column) => sliceColumn(column, start, end)) };
}
