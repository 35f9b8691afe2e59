import { parseDataType } from '@millrace/data';
import { createRecordDecoder } from '@millrace/formats';
import { deviceRecords } from './devices.ts';
import { type Measured, Meter } from './measure.ts';

/** Decoding alone: three of eight fields of each record, against JSON.parse of the same bytes. */
export function benchDecode(count: number): { ours: Measured; baseline: Measured } {
  const lines = [...deviceRecords(count)];
  const bytes = Buffer.from(lines.join(''));
  const ends = new Int32Array(count);
  let at = 0;
  for (const [index, line] of lines.entries()) ends[index] = at += line.length;
  return { baseline: parseAll(bytes, ends), ours: decodeAll(bytes, ends) };
}

function parseAll(bytes: Buffer, ends: Int32Array): Measured {
  const meter = new Meter();
  let sum = 0;
  for (let row = 0; row < ends.length; row++) {
    if (row * 2 >= ends.length) meter.half();
    const { device, cpu_usage: cpu, timestamp } = JSON.parse(bytes.toString('utf8', row === 0 ? 0 : ends[row - 1], ends[row]));
    sum += cpu + device.length + timestamp.length;
  }
  return meter.finish(ends.length, sum);
}

function decodeAll(bytes: Buffer, ends: Int32Array): Measured {
  const refuse = { kind: 'refuse' } as const;
  const columns = [
    { name: 'device', type: parseDataType('string'), fallback: refuse },
    { name: 'cpu_usage', type: parseDataType('float32'), fallback: refuse },
    { name: 'timestamp', type: parseDataType('datetime64(3)'), fallback: refuse },
  ];
  const decoder = createRecordDecoder('JSONEachRow', columns, { timezone: 'UTC' });
  const meter = new Meter();
  for (let row = 0; row < ends.length; ) {
    if (row * 2 >= ends.length) meter.half();
    decoder.begin(bytes);
    for (const end = Math.min(ends.length, row + 1_000); row < end; row++) {
      if (!decoder.append(row === 0 ? 0 : ends[row - 1]!, ends[row]!)) throw new Error(decoder.failure.message);
    }
    decoder.finish();
  }
  return meter.finish(ends.length, 0);
}
