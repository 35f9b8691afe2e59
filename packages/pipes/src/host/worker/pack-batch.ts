import type { Column, Schema, StringColumn, Value } from '@millrace/data';
import type { EventBatch, RecordLanes } from '../../stage/event-batch.ts';
import { ByteLayout } from './byte-layout.ts';

/** A batch as it crosses a thread border: lanes in one buffer, which is transferred, and where they stand in it. */
export interface PackedBatch extends Pick<EventBatch, 'stream' | 'topic' | 'partition' | 'isHistorical' | 'clusters' | 'kind'> {
  readonly buffer: ArrayBuffer;
  readonly rowCount: number;
  /** A schema has a number; the schema itself comes with its first batch. */
  readonly schemaId: number;
  readonly schema: Schema | undefined;
  readonly columns: readonly PackedColumn[];
  /** Undefined: the records of the batch that it was made of. */
  readonly records: PackedRecords | undefined;
  /** Where the lane stands; -1 = there is none. */
  readonly sourceRowsAt: number;
}

/** Places of the lanes of a column: values, or starts and ends of strings; nulls (-1 = none); bytes. Composite values are cloned. */
export type PackedColumn =
  | { readonly kind: 'number' | 'bigint'; readonly valuesAt: number; readonly nullsAt: number }
  | {
      readonly kind: 'string';
      readonly startsAt: number;
      readonly endsAt: number;
      readonly bytesAt: number;
      readonly byteLength: number;
      readonly nullsAt: number;
    }
  | { readonly kind: 'value'; readonly values: readonly Value[] };

export interface PackedRecords {
  readonly count: number;
  readonly offsetsAt: number;
  readonly timesAt: number;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly bytesAt: number;
  readonly byteLength: number;
}

type Fill = (buffer: ArrayBuffer) => void;

/** Gives schemas numbers, so that each crosses the border once. One for each direction of a border. */
export class BatchPacker {
  readonly #ids = new WeakMap<Schema, number>();
  readonly #byText = new Map<string, number>();

  /** Copies a batch into a buffer of its own. @param from the batch that it was made of: records that they share do not cross */
  pack(batch: EventBatch, from?: EventBatch): PackedBatch {
    const layout = new ByteLayout();
    const fills: Fill[] = [];
    const { stream, topic, partition, isHistorical, clusters, kind, chunk, sourceRows } = batch;
    const columns = chunk.columns.map((column) => packColumn(column, chunk.rowCount, layout, fills));
    const records = batch.records === from?.records ? undefined : packRecords(batch.records, layout, fills);
    const sourceRowsAt = sourceRows === null ? -1 : packLane(sourceRows.subarray(0, chunk.rowCount), layout, fills);
    const buffer = layout.allocate();
    for (const fill of fills) fill(buffer);
    const head = { stream, topic, partition, isHistorical, clusters, kind };
    return { ...head, buffer, rowCount: chunk.rowCount, ...this.#schema(batch.schema), columns, records, sourceRowsAt };
  }

  #schema(schema: Schema): Pick<PackedBatch, 'schema' | 'schemaId'> {
    const known = this.#ids.get(schema);
    if (known !== undefined) return { schemaId: known, schema: undefined };
    const text = JSON.stringify(schema);
    const equal = this.#byText.get(text);
    const schemaId = equal ?? this.#byText.size;
    this.#ids.set(schema, schemaId);
    this.#byText.set(text, schemaId);
    return { schemaId, schema: equal === undefined ? schema : undefined };
  }
}

function packColumn(column: Column, rowCount: number, layout: ByteLayout, fills: Fill[]): PackedColumn {
  if (column.kind === 'value') return { kind: 'value', values: column.values.slice(0, rowCount) };
  const nullsAt = column.nulls === null ? -1 : packLane(column.nulls.subarray(0, rowCount), layout, fills);
  if (column.kind === 'string') return { kind: 'string', ...packSpans(column, rowCount, layout, fills), nullsAt };
  return { kind: column.kind, valuesAt: packLane(column.values.subarray(0, rowCount), layout, fills), nullsAt };
}

function packRecords({ count, offsets, times, keys }: RecordLanes, layout: ByteLayout, fills: Fill[]): PackedRecords {
  const offsetsAt = packLane(offsets.subarray(0, count), layout, fills);
  const timesAt = packLane(times.subarray(0, count), layout, fills);
  return { count, offsetsAt, timesAt, ...packSpans(keys, count, layout, fills) };
}

function packLane(lane: ArrayBufferView & { readonly length: number }, layout: ByteLayout, fills: Fill[]): number {
  const at = layout.reserve(lane.byteLength);
  const bytes = new Uint8Array(lane.buffer, lane.byteOffset, lane.byteLength);
  fills.push((buffer) => new Uint8Array(buffer, at, bytes.length).set(bytes));
  return at;
}

/** Spans over a buffer that may hold much else: where the spans make up most of a region, that is copied as a whole. */
function packSpans(
  { bytes, starts, ends }: Pick<StringColumn, 'bytes' | 'starts' | 'ends'>,
  count: number,
  layout: ByteLayout,
  fills: Fill[],
) {
  let [used, from, to] = [0, bytes.length, 0];
  for (let i = 0; i < count; i++) {
    const start = starts[i]!;
    if (start < 0) continue;
    used += ends[i]! - start;
    if (start < from) from = start;
    if (ends[i]! > to) to = ends[i]!;
  }
  const isDense = to - from <= used * 2;
  const byteLength = isDense ? Math.max(0, to - from) : used;
  const [startsAt, endsAt, bytesAt] = [layout.reserve(count * 4), layout.reserve(count * 4), layout.reserve(byteLength)];
  fills.push((buffer) => {
    const target = {
      starts: new Int32Array(buffer, startsAt, count),
      ends: new Int32Array(buffer, endsAt, count),
      bytes: Buffer.from(buffer, bytesAt, byteLength),
    };
    if (isDense) {
      if (byteLength > 0) bytes.copy(target.bytes, 0, from, to);
      shiftSpans(starts, ends, count, from, target);
    } else copySpans(bytes, starts, ends, count, target);
  });
  return { startsAt, endsAt, bytesAt, byteLength };
}

interface Spans {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

function shiftSpans(starts: Int32Array, ends: Int32Array, count: number, from: number, target: Spans): void {
  for (let i = 0; i < count; i++) {
    const start = starts[i]!;
    target.starts[i] = start < 0 ? -1 : start - from;
    target.ends[i] = start < 0 ? -1 : ends[i]! - from;
  }
}

function copySpans(bytes: Buffer, starts: Int32Array, ends: Int32Array, count: number, target: Spans): void {
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = starts[i]!;
    target.starts[i] = start < 0 ? -1 : at;
    if (start >= 0) at += bytes.copy(target.bytes, at, start, ends[i]!);
    target.ends[i] = start < 0 ? -1 : at;
  }
}
