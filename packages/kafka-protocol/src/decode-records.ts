import { batchHeader, batchHeaderSize } from './batch-header.ts';
import { invalid } from './byte-reader.ts';
import { decompress, defaultMaxDecompressedBytes } from './compression.ts';
import type { RecordHeader, RecordSpans } from './record-spans.ts';
import { readVarint, readVarlong, varintEnd } from './varint.ts';

/** What to decode of a batch. */
export interface DecodeOptions {
  /** Records before this offset are left out: a fetch answers with the whole batch around the offset asked for. */
  readonly fromOffset?: number;
  /** Bound on the size of decompressed records. */
  readonly maxDecompressedBytes?: number;
}

/**
 * Appends the records of one whole batch to `into`.
 *
 * All records of a span share one buffer. Batches that are not compressed can follow each other into the same spans as
 * long as they lie in the same buffer; a compressed one needs spans of its own. Where that does not hold, nothing is done
 * and false is returned: take what is there, clear, and call again.
 * A control batch (transaction marker) adds nothing. Records of a batch with LogAppendTime get the batch's timestamp.
 * The checksum is not looked at.
 * @param start position of the batch's first byte.
 * @param end position behind the batch.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID; `into` then holds what it held before.
 */
export function decodeRecords(buffer: Buffer, start: number, end: number, into: RecordSpans, options?: DecodeOptions): boolean {
  if (batchHeader.isControl(buffer, start)) return true;
  const compression = batchHeader.compression(buffer, start);
  if (compression === 0) {
    if (into.count > 0 && into.bytes !== buffer) return false;
    appendRecords(buffer, start, buffer, start + batchHeaderSize, end, into, options?.fromOffset ?? 0);
    into.bytes = buffer;
    return true;
  }
  if (into.count > 0) return false;
  const content = buffer.subarray(start + batchHeaderSize, end);
  const bytes = decompress(compression, content, options?.maxDecompressedBytes ?? defaultMaxDecompressedBytes);
  appendRecords(buffer, start, bytes, 0, bytes.length, into, options?.fromOffset ?? 0);
  into.bytes = bytes;
  return true;
}

/**
 * The inner loop of everything that reads. Varints as short as they mostly are are read in place: a call for each would
 * double the time. Reading past the end gives undefined,
 * which ends every varint, and the check at the end of each record then refuses it.
 */
function appendRecords(
  batch: Buffer,
  start: number,
  bytes: Buffer,
  from: number,
  end: number,
  into: RecordSpans,
  fromOffset: number,
): void {
  const baseOffset = batchHeader.baseOffset(batch, start);
  const stampedMs = batchHeader.isLogAppendTime(batch, start) ? batchHeader.maxTimestamp(batch, start) : -1;
  const baseTimestamp = batchHeader.firstTimestamp(batch, start);
  const recordCount = batchHeader.recordCount(batch, start);
  // A record has at least seven bytes: its length and six fields.
  if (recordCount < 0 || recordCount * 7 > end - from) throw invalid(`${recordCount} records do not fit into ${end - from} bytes`);
  into.reserve(into.count + recordCount);
  const { offsets, timestamps, keyStarts, keyEnds, valueStarts, valueEnds, headerStarts, headerCounts } = into;
  let row = into.count;
  let at = from;
  let byte = 0;
  let second = 0;
  for (let index = 0; index < recordCount; index++) {
    let length = 0;
    if ((byte = bytes[at]!) < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else if ((second = bytes[at + 1]!) < 0x80) {
      byte = (byte & 0x7f) | (second << 7);
      length = (byte >>> 1) ^ -(byte & 1);
      at += 2;
    } else {
      length = readVarint(bytes, at);
      at = varintEnd;
    }
    const recordEnd = at + length;
    if (length < 6 || recordEnd > end) throw invalid(`record ${index} of a batch has ${length} bytes where ${end - at} are left`);
    // One byte of attributes, which mean nothing yet.
    at++;

    let timestampDelta = bytes[at]!;
    if (timestampDelta < 0x80) {
      timestampDelta = (timestampDelta >>> 1) ^ -(timestampDelta & 1);
      at++;
    } else {
      timestampDelta = readVarlong(bytes, at);
      at = varintEnd;
    }

    let offsetDelta = 0;
    if ((byte = bytes[at]!) < 0x80) {
      offsetDelta = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      offsetDelta = readVarint(bytes, at);
      at = varintEnd;
    }

    let keyLength = 0;
    if ((byte = bytes[at]!) < 0x80) {
      keyLength = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      keyLength = readVarint(bytes, at);
      at = varintEnd;
    }
    const keyStart = keyLength < 0 ? -1 : at;
    if (keyLength > 0) at += keyLength;
    const keyEnd = at;

    let valueLength = Number.MAX_SAFE_INTEGER;
    if (at < recordEnd) {
      if ((byte = bytes[at]!) < 0x80) {
        valueLength = (byte >>> 1) ^ -(byte & 1);
        at++;
      } else if ((second = bytes[at + 1]!) < 0x80) {
        byte = (byte & 0x7f) | (second << 7);
        valueLength = (byte >>> 1) ^ -(byte & 1);
        at += 2;
      } else {
        valueLength = readVarint(bytes, at);
        at = varintEnd;
      }
    }
    const valueStart = valueLength < 0 ? -1 : at;
    if (valueLength > 0) at += valueLength;
    const valueEnd = at;

    let headerCount = -1;
    if (at < recordEnd) {
      if ((byte = bytes[at]!) < 0x80) {
        headerCount = (byte >>> 1) ^ -(byte & 1);
        at++;
      } else {
        headerCount = readVarint(bytes, at);
        at = varintEnd;
      }
    }
    if (headerCount < 0 || at > recordEnd || (headerCount === 0 && at !== recordEnd)) {
      throw invalid(`the fields of record ${index} of a batch do not fit its length`);
    }
    const headerStart = at;
    at = recordEnd;
    const offset = baseOffset + offsetDelta;
    if (offset < fromOffset) continue;
    offsets[row] = offset;
    timestamps[row] = stampedMs >= 0 ? stampedMs : baseTimestamp + timestampDelta;
    keyStarts[row] = keyStart;
    keyEnds[row] = keyEnd;
    valueStarts[row] = valueStart;
    valueEnds[row] = valueEnd;
    headerStarts[row] = headerStart;
    headerCounts[row] = headerCount;
    row++;
  }
  if (at !== end) throw invalid(`${end - at} bytes are left behind the last record of a batch`);
  into.count = row;
}

/**
 * The headers of a record.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if they are damaged.
 */
export function decodeHeaders(spans: RecordSpans, index: number): RecordHeader[] {
  const { bytes } = spans;
  const headers: RecordHeader[] = [];
  let at = spans.headerStarts[index]!;
  const take = (length: number) => {
    if (length > bytes.length - varintEnd) throw invalid(`a header of ${length} bytes is cut off`);
    at = varintEnd + Math.max(0, length);
    return length < 0 ? null : bytes.subarray(varintEnd, at);
  };
  for (let count = spans.headerCounts[index]!; count > 0; count--) {
    const key = take(readVarint(bytes, at));
    if (key === null) throw invalid('a header has no key');
    const name = key.toString();
    headers.push({ key: name, value: take(readVarint(bytes, at)) });
  }
  return headers;
}
