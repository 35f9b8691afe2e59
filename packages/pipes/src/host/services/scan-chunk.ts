import { MillraceError } from '@millrace/core';
import { type BigIntColumn, type Chunk, type Column, constantColumn, type StringColumn } from '@millrace/data';
import type { ScanColumn } from '@millrace/planner';
import type { EventBatch } from '../../stage/event-batch.ts';
import { sourceOf } from '../events/batch-rows.ts';

/** The rows of a batch as the scan of a plan gives them. */
export function scanChunk(columns: readonly ScanColumn[], batch: EventBatch): Chunk {
  const { rowCount } = batch.chunk;
  return { rowCount, columns: columns.map((column) => scanColumn(column, batch)) };
}

function scanColumn(column: ScanColumn, batch: EventBatch): Column {
  const { chunk, records, partition } = batch;
  const { rowCount } = chunk;
  switch (column.from) {
    case 'value': {
      const index = batch.schema.findIndex(({ name }) => name === column.name);
      return index < 0 ? constantColumn({ kind: 'nullable', inner: column.type }, null, rowCount) : chunk.columns[index]!;
    }
    case 'offset':
      return {
        kind: 'bigint',
        values: BigInt64Array.from({ length: rowCount }, (_, row) => BigInt(records.offsets[sourceOf(batch, row)]!)),
        nulls: null,
      } satisfies BigIntColumn;
    case 'partition':
      return { kind: 'number', values: new Float64Array(rowCount).fill(partition), nulls: null };
    case 'timestamp':
      return {
        kind: 'number',
        values: Float64Array.from({ length: rowCount }, (_, row) => records.times[sourceOf(batch, row)]!),
        nulls: null,
      };
    case 'append_time':
      return { kind: 'number', values: Float64Array.from({ length: rowCount }, (_, row) => row), nulls: null };
    case 'key':
      return keyColumn(batch);
    case 'raw':
    case 'headers':
      throw new MillraceError('INTERNAL_INVARIANT', `a query over events reads ${column.from}`);
  }
}

function keyColumn(batch: EventBatch): StringColumn {
  const { keys } = batch.records;
  const length = batch.chunk.rowCount;
  const starts = Int32Array.from({ length }, (_, row) => keys.starts[sourceOf(batch, row)]!);
  const ends = Int32Array.from({ length }, (_, row) => keys.ends[sourceOf(batch, row)]!);
  return { kind: 'string', bytes: keys.bytes, starts, ends, nulls: Uint8Array.from(starts, (start) => (start < 0 ? 1 : 0)) };
}
