import { createRecordEncoder } from '@millrace/formats';
import { type RefusedRecord, recordAt } from '@millrace/runtime';
import { offsetAt, sliceBatch, type Unit } from './unit.ts';

/** A record of a unit as it came; of a source without records, its first row as JSON. Its bytes may be the unit's. */
export function rawRecord(unit: Unit, record: number, reason: string, timezone: string): RefusedRecord {
  const { topic, partition, spans } = unit;
  return { ...(spans === null ? jsonRecord(unit, record, timezone) : recordAt(spans, record)), topic, partition, reason };
}

function jsonRecord({ batch }: Unit, record: number, timezone: string) {
  const { records, schema, chunk } = sliceBatch(batch!, record, record + 1);
  const { starts, ends, bytes } = records.keys;
  const key = starts[0]! < 0 ? null : bytes.subarray(starts[0], ends[0]);
  const options = { timezone, quote64BitIntegers: false, quoteDenormals: false };
  const rows = chunk.rowCount === 0 ? null : createRecordEncoder('JSONEachRow', schema, options).encode(chunk);
  const value = rows?.bytes.subarray(rows.starts[0], rows.ends[0]) ?? null;
  return { offset: offsetAt(batch!, record), timestampMs: records.times[0]!, key, value, headers: [] };
}
