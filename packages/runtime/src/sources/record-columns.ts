import { type Column, columnKind, type DataType, fromText, isTemporal, precisionOf, temporalFromMs, type Value } from '@millrace/data';
import { decodeHeaders, type RecordSpans } from '@millrace/kafka-protocol';
import type { ScanColumn } from '@millrace/planner';

/** Builds a column of what records carry beside their values, for the records `rows[0 … count)` of the spans. */
export type RecordColumn = (spans: RecordSpans, partition: number, rows: Int32Array, count: number) => Column;

/** @param type the type of the column's field, which says its lanes. */
export function recordColumn({ from }: Exclude<ScanColumn, { from: 'value' }>, type: DataType): RecordColumn {
  switch (from) {
    case 'raw':
      return (spans, _, rows, count) => spanColumn(spans.bytes, spans.valueStarts, spans.valueEnds, rows, count);
    case 'key':
      return (spans, _, rows, count) => spanColumn(spans.bytes, spans.keyStarts, spans.keyEnds, rows, count);
    case 'headers':
      return (spans, _, rows, count) => ({
        kind: 'value',
        values: Array.from({ length: count }, (_unused, i) => headersOf(spans, rows[i]!)),
      });
    case 'partition':
      return (_, partition, _rows, count) => numberColumn(type, count, () => partition);
    case 'offset':
      return (spans, _, rows, count) => numberColumn(type, count, (i) => spans.offsets[rows[i]!]!);
    case 'timestamp':
    // A batch that the broker stamped has its time of arrival as timestamp; of another the log does not know it.
    case 'append_time':
      return timeColumn(type);
  }
}

function timeColumn(type: DataType): RecordColumn {
  const isMs = isTemporal(type) && precisionOf(type) === 3;
  if (isMs || !isTemporal(type)) return (spans, _, rows, count) => numberColumn(type, count, (i) => spans.timestamps[rows[i]!]!);
  if (columnKind(type) === 'number')
    return (spans, _, rows, count) => numberColumn(type, count, (i) => temporalFromMs(spans.timestamps[rows[i]!]!, type, 'UTC') as number);
  return (spans, _, rows, count) => {
    const values = new BigInt64Array(count);
    for (let i = 0; i < count; i++) values[i] = temporalFromMs(spans.timestamps[rows[i]!]!, type, 'UTC') as bigint;
    return { kind: 'bigint', values, nulls: null };
  };
}

/** Whole numbers in the lanes of the type. */
function numberColumn(type: DataType, count: number, numberOf: (i: number) => number): Column {
  if (columnKind(type) === 'number') {
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = numberOf(i);
    return { kind: 'number', values, nulls: null };
  }
  const unsigned = (type.kind === 'nullable' ? type.inner : type).kind === 'uint64';
  const values = unsigned ? new BigUint64Array(count) : new BigInt64Array(count);
  const halves = new Int32Array(values.buffer);
  for (let i = 0; i < count; i++) {
    const value = numberOf(i);
    halves[i * 2] = value | 0;
    halves[i * 2 + 1] = Math.floor(value / 4_294_967_296);
  }
  return { kind: 'bigint', values, nulls: null };
}

function spanColumn(bytes: Buffer, allStarts: Int32Array, allEnds: Int32Array, rows: Int32Array, count: number): Column {
  const [starts, ends] = [new Int32Array(count), new Int32Array(count)];
  let nulls: Uint8Array | null = null;
  for (let i = 0; i < count; i++) {
    const start = allStarts[rows[i]!]!;
    if (start < 0) (nulls ??= new Uint8Array(count))[i] = 1;
    else {
      starts[i] = start;
      ends[i] = allEnds[rows[i]!]!;
    }
  }
  return { kind: 'string', bytes, starts, ends, nulls };
}

function headersOf(spans: RecordSpans, row: number): ReadonlyMap<Value, Value> {
  return new Map(decodeHeaders(spans, row).map(({ key, value }) => [fromText(key), value === null ? '' : value.toString('latin1')]));
}
