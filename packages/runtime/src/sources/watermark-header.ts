import type { RecordHeader } from '@millrace/kafka-protocol';

const name = 'millrace.watermark';
const partsName = 'millrace.parts';

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

/** Says that a {@link watermarkHeader} beside it holds for these parts of the groups only, of so many: a bit for each. */
export function partsHeader(parts: Iterable<number>, partCount: number): RecordHeader {
  const bits = Buffer.alloc(Math.ceil(partCount / 8));
  for (const part of parts) bits[part >> 3]! |= 1 << (part & 7);
  return { key: partsName, value: bits };
}

/** What a {@link partsHeader} says; none if there is none. */
export function partsOf(headers: readonly RecordHeader[]): number[] {
  const bits = headers.findLast(({ key }) => key === partsName)?.value ?? Buffer.alloc(0);
  return Array.from({ length: bits.length * 8 }, (_, part) => part).filter((part) => (bits[part >> 3]! & (1 << (part & 7))) !== 0);
}
