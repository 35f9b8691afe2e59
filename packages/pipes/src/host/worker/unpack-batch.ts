import { MillraceError } from '@millrace/core';
import { type Column, columnKind, type DataType, removeNullable, type Schema } from '@millrace/data';
import type { EventBatch, RecordLanes } from '../../stage/event-batch.ts';
import type { PackedBatch, PackedColumn, PackedRecords } from './pack-batch.ts';

/**
 * Makes batches of what crosses a thread border. Code of users has been on the other side: nothing is believed that would read beyond
 * a lane or name rows that are not there.
 */
export class BatchUnpacker {
  readonly #schemas = new Map<number, Schema>();

  /** @param from the batch whose records it shares @throws {MillraceError} INTERNAL_INVARIANT if lanes do not fit */
  unpack(packed: PackedBatch, from?: EventBatch): EventBatch {
    const { stream, topic, partition, isHistorical, clusters, kind, buffer, rowCount, sourceRowsAt } = packed;
    expectThat(buffer instanceof ArrayBuffer && isCount(rowCount), 'a batch has a buffer and a number of rows');
    const schema = this.#schema(packed);
    expectThat(packed.columns.length === (kind === 'delete' ? 0 : schema.length), 'each column of the schema is there');
    const columns = packed.columns.map((column, i) => unpackColumn(column, schema[i]!.type, rowCount, buffer));
    const records = packed.records === undefined ? from?.records : unpackRecords(packed.records, buffer);
    expectThat(records !== undefined, 'a batch has records');
    const sourceRows = sourceRowsAt === -1 ? null : lane(Int32Array, buffer, sourceRowsAt, rowCount);
    checkSources(sourceRows, rowCount, records.count);
    return { stream, topic, partition, isHistorical, clusters, kind, schema, chunk: { rowCount, columns }, records, sourceRows };
  }

  #schema({ schemaId, schema }: PackedBatch): Schema {
    if (schema !== undefined) this.#schemas.set(schemaId, schema);
    const known = this.#schemas.get(schemaId);
    expectThat(known !== undefined, 'the schema was told before');
    return known;
  }
}

function unpackColumn(packed: PackedColumn, type: DataType, rowCount: number, buffer: ArrayBuffer): Column {
  expectThat(packed.kind === columnKind(type), `a column of ${type.kind} is kept as ${columnKind(type)}`);
  if (packed.kind === 'value') {
    expectThat(Array.isArray(packed.values) && packed.values.length === rowCount, 'a column has a value for each row');
    return { kind: 'value', values: packed.values };
  }
  const nulls = packed.nullsAt === -1 ? null : lane(Uint8Array, buffer, packed.nullsAt, rowCount);
  switch (packed.kind) {
    case 'number':
      return { kind: 'number', values: lane(Float64Array, buffer, packed.valuesAt, rowCount), nulls };
    case 'bigint': {
      const Lane = removeNullable(type).kind === 'uint64' ? BigUint64Array : BigInt64Array;
      return { kind: 'bigint', values: lane<BigInt64Array | BigUint64Array>(Lane, buffer, packed.valuesAt, rowCount), nulls };
    }
    case 'string':
      return { kind: 'string', ...unpackSpans(packed, rowCount, buffer, 0), nulls };
  }
}

function unpackRecords(packed: PackedRecords, buffer: ArrayBuffer): RecordLanes {
  const { count } = packed;
  expectThat(isCount(count), 'records are counted');
  return {
    count,
    offsets: lane(Float64Array, buffer, packed.offsetsAt, count),
    times: lane(Float64Array, buffer, packed.timesAt, count),
    keys: unpackSpans(packed, count, buffer, -1),
  };
}

type PackedSpans = Pick<PackedRecords, 'startsAt' | 'endsAt' | 'bytesAt' | 'byteLength'>;

/** @param lowest the lowest legal start: -1 where there may be no span at all */
function unpackSpans({ startsAt, endsAt, bytesAt, byteLength }: PackedSpans, count: number, buffer: ArrayBuffer, lowest: number) {
  const bytes = lane(Uint8Array, buffer, bytesAt, byteLength);
  const [starts, ends] = [lane(Int32Array, buffer, startsAt, count), lane(Int32Array, buffer, endsAt, count)];
  for (let i = 0; i < count; i++) {
    const isWithin = starts[i]! >= lowest && ends[i]! >= starts[i]! && ends[i]! <= byteLength;
    if (!isWithin) expectThat(false, 'strings are within their bytes');
  }
  return { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), starts, ends };
}

function checkSources(sourceRows: Int32Array | null, rowCount: number, recordCount: number): void {
  if (sourceRows === null) {
    expectThat(rowCount <= recordCount, 'each row has a record');
    return;
  }
  let last = 0;
  for (const row of sourceRows) {
    if (row < last || row >= recordCount) expectThat(false, 'rows come from records that are there, in their order');
    last = row;
  }
}

interface LaneType<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, at: number, length: number): T;
}

function lane<T>(Lane: LaneType<T>, buffer: ArrayBuffer, at: number, length: number): T {
  const isWithin = isCount(at) && isCount(length) && at + length * Lane.BYTES_PER_ELEMENT <= buffer.byteLength;
  expectThat(isWithin && at % Lane.BYTES_PER_ELEMENT === 0, 'lanes are within their buffer');
  return new Lane(buffer, at, length);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function expectThat(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new MillraceError('INTERNAL_INVARIANT', `what came over the thread border is damaged: ${what}`);
}
