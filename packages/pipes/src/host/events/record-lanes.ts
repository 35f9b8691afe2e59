import type { RecordLanes } from '../../stage/event-batch.ts';

/** A record as lanes take it. */
export interface LaneRecord {
  readonly offset: number;
  readonly time: number;
  readonly key: Uint8Array | string | null;
}

/** Lanes of records that no batch holds yet. */
export function recordLanes(records: readonly LaneRecord[]): RecordLanes {
  const count = records.length;
  const keys = records.map(({ key }) => (key === null ? null : Buffer.from(key as Uint8Array)));
  const [starts, ends] = [new Int32Array(count), new Int32Array(count)];
  let at = 0;
  for (const [i, key] of keys.entries()) {
    starts[i] = key === null ? -1 : at;
    at += key?.length ?? 0;
    ends[i] = at;
  }
  return {
    count,
    offsets: Float64Array.from(records, ({ offset }) => offset),
    times: Float64Array.from(records, ({ time }) => time),
    keys: { bytes: Buffer.concat(keys.filter((key) => key !== null)), starts, ends },
  };
}
