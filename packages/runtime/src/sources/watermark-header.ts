import type { RecordHeader } from '@millrace/kafka-protocol';

const name = 'millrace.watermark';

/** Says that no record behind this one has an earlier event time. Units: ms since the epoch, as text. */
export function watermarkHeader(timeMs: number): RecordHeader {
  return { key: name, value: Buffer.from(String(Math.floor(timeMs))) };
}

/** What a {@link watermarkHeader} says; undefined if there is none. */
export function watermarkOf(headers: readonly RecordHeader[]): number | undefined {
  const value = headers.findLast(({ key }) => key === name)?.value;
  const timeMs = value == null ? Number.NaN : Number(value.toString());
  return Number.isSafeInteger(timeMs) ? timeMs : undefined;
}
