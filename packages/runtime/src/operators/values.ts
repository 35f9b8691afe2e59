import { type Chunk, columnOf } from '@millrace/data';
import type { ValuesNode } from '@millrace/planner';

/** The rows of a VALUES node as one chunk; without columns it is only a number of rows. */
export function valuesChunk({ schema, rows }: ValuesNode): Chunk {
  const columns = schema.map(({ type }, i) =>
    columnOf(
      type,
      rows.map((row) => row[i]!),
    ),
  );
  return { rowCount: rows.length, columns };
}
