import { SeededRandom } from '@millrace/core';

/**
 * The benchmarks' data: records of about 142 bytes with 8 fields, 10,000 devices, event time spread over 10 minutes and up to
 * 2 s out of order, cpu_usage uniform in 0 … 99.99. The same rows for the same count and seed.
 */
export function* deviceRecords(count: number, seed = 1): Generator<string> {
  const random = new SeededRandom(seed);
  for (let row = 0; row < count; row++) {
    const device = random.uint32() % 10_000;
    const cpu = random.uint32() % 10_000;
    const memory = random.uint32() % 1_000;
    const temperature = 20 + (random.uint32() % 60);
    const time = timestamp(startMs + Math.floor((row * (spanMs - jitterMs)) / count) + jitterMs - 1 - (random.uint32() % jitterMs));
    yield `{"device":"dev-${device}","location":"site-${device % 50}","cpu_usage":${cpu / 100},"mem":${memory / 10},"temp":${temperature},"ok":${cpu < 9_900},"seq":${row},"timestamp":"${time}"}`;
  }
}

const startMs = Date.UTC(2026, 0, 1, 10);
const spanMs = 600_000;
const jitterMs = 2_000;

function timestamp(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`;
}

/** The same records one behind the other in one buffer, and where each ends: 300 MB less than a million of small objects. */
export function deviceBytes(count: number): { readonly bytes: Buffer; readonly ends: Int32Array } {
  const bytes = Buffer.allocUnsafe(count * maxRecordBytes);
  const ends = new Int32Array(count);
  let row = 0;
  let at = 0;
  for (const record of deviceRecords(count)) {
    at += bytes.write(record, at, 'latin1');
    ends[row++] = at;
  }
  return { bytes: bytes.subarray(0, at), ends };
}

const maxRecordBytes = 200;

/** Columns of the stream over these records. */
export const devicesColumns =
  'device string, location string, cpu_usage float32, mem float32, temp int32, ok bool, seq int64, timestamp datetime64(3)';
