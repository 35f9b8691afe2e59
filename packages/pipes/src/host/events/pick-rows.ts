import { gather } from '@millrace/data';
import type { EventBatch } from '../../stage/event-batch.ts';
import type { BatchRows } from './batch-rows.ts';

/** Of batches made by {@link pickRows}: which rows of which batch they are, so that only that need cross a thread border. */
const picks = new WeakMap<EventBatch, { readonly from: EventBatch; readonly rows: Int32Array }>();

/** The rows of a batch that stand at these places, in order. All of them: the batch itself. */
export function pickRows(batch: EventBatch, rows: Int32Array): EventBatch {
  const { chunk, sourceRows } = batch;
  if (rows.length === chunk.rowCount && rows.every((row, i) => row === i)) return batch;
  const picked: EventBatch = {
    ...batch,
    chunk: { rowCount: rows.length, columns: chunk.columns.map((column) => gather(column, rows, rows.length)) },
    sourceRows: sourceRows === null ? rows : rows.map((row) => sourceRows[row]!),
  };
  picks.set(picked, { from: batch, rows });
  return picked;
}

/** The rows of `from` that a batch consists of; undefined if it is anything else. */
export function pickedRows(batch: EventBatch, from: EventBatch): Int32Array | undefined {
  const pick = picks.get(batch);
  return pick?.from === from ? pick.rows : undefined;
}

/** The rows of an event as a batch of their own. */
export function wholeBatch({ batch, first, rowCount }: BatchRows): EventBatch {
  if (rowCount === batch.chunk.rowCount) return batch;
  return pickRows(
    batch,
    Int32Array.from({ length: rowCount }, (_, i) => first + i),
  );
}
