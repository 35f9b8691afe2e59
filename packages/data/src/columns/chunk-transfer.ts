import type { Chunk } from '../chunk.ts';
import type { Column, Value } from '../column.ts';
import { concatColumns } from './reshape-column.ts';

/** A chunk as `postMessage(message, transfer)` takes it. */
export interface ChunkMessage {
  readonly rowCount: number;
  readonly columns: readonly Column[];
}

/**
 * Copies a chunk into lanes of its own (its lanes may be shared, and a transfer takes them away) and lists their buffers,
 * which then cross the thread border without another copy. The other side calls {@link chunkFromMessage}.
 */
export function chunkToMessage(chunk: Chunk): { readonly message: ChunkMessage; readonly transfer: ArrayBuffer[] } {
  const columns = chunk.columns.map((column) => concatColumns([{ column, rowCount: chunk.rowCount }]));
  return { message: { rowCount: chunk.rowCount, columns }, transfer: columns.flatMap(buffersOf) };
}

/** Revives what {@link chunkToMessage} gave on the other side (a Buffer arrives as a plain Uint8Array). */
export function chunkFromMessage({ rowCount, columns }: ChunkMessage): Chunk {
  return { rowCount, columns: columns.map(revive) };
}

function revive(column: Column): Column {
  if (column.kind !== 'string') return column;
  const { buffer, byteOffset, byteLength } = column.bytes;
  return { ...column, bytes: Buffer.from(buffer, byteOffset, byteLength) };
}

function buffersOf(column: Column): ArrayBuffer[] {
  if (column.kind === 'value') return [];
  const lanes: ArrayBufferView[] = column.kind === 'string' ? [column.bytes, column.starts, column.ends] : [column.values];
  if (column.nulls !== null) lanes.push(column.nulls);
  return lanes.map((lane) => lane.buffer as ArrayBuffer);
}

/** About how many bytes the rows of a chunk hold: lanes, string bytes and composite values, without slack and sharing. */
export function chunkSizeBytes(chunk: Chunk): number {
  return chunk.columns.reduce((sum, column) => sum + columnSizeBytes(column, chunk.rowCount), 0);
}

/** As {@link chunkSizeBytes}, of one column. */
export function columnSizeBytes(column: Column, rowCount: number): number {
  if (column.kind === 'value') {
    let sizeBytes = 0;
    for (let row = 0; row < rowCount; row++) sizeBytes += valueSizeBytes(column.values[row]!);
    return sizeBytes;
  }
  let sizeBytes = rowCount * (column.nulls === null ? 8 : 9);
  if (column.kind === 'string') for (let row = 0; row < rowCount; row++) sizeBytes += column.ends[row]! - column.starts[row]!;
  return sizeBytes;
}

/** About how many bytes a value holds on the heap. */
export function valueSizeBytes(value: Value): number {
  if (typeof value === 'string') return 24 + value.length;
  if (value === null || typeof value !== 'object') return 8;
  let sizeBytes = 32;
  if (value instanceof Map) for (const [key, item] of value) sizeBytes += valueSizeBytes(key) + valueSizeBytes(item) + 16;
  else for (const item of value as readonly Value[]) sizeBytes += valueSizeBytes(item) + 8;
  return sizeBytes;
}
