import { batchHeaderSize, stampCrc, writeInt64 } from './batch-header.ts';
import { type Compression, compress, compressions } from './compression.ts';
import type { RecordHeader } from './record-spans.ts';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

/** What a finished batch says of itself. */
export interface BatchTraits {
  readonly compression?: Compression;
  /** -1 (default) for none. */
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  /** A batch of transaction markers. */
  readonly control?: boolean;
  /** Brokers patch it on arrival; default 0. */
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  /** False leaves the checksum out, for a batch that {@link stampProducer} gives one; default true. */
  readonly checksum?: boolean;
}

/** Attributes, record length, and the lengths of key, value and headers are never longer than this together. */
const recordOverhead = 36;

/**
 * Builds one record batch of format 2, writing each record straight into its bytes.
 * Order: as appended; offsets are dense from the batch's base offset.
 * Units: timestamps in ms since the epoch.
 */
export class RecordBatchBuilder {
  #bytes: Buffer;
  #at = batchHeaderSize;
  #count = 0;
  #firstTimestamp = 0;
  #maxTimestamp = 0;

  /** @param memory to build in, or how many bytes to begin with; a batch that outgrows it gets memory of its own. */
  constructor(memory: number | Buffer = 16 * 1024) {
    this.#bytes = typeof memory === 'number' ? Buffer.allocUnsafe(Math.max(memory, batchHeaderSize)) : memory;
  }

  /** What it builds in. */
  get memory(): Buffer {
    return this.#bytes;
  }

  get recordCount(): number {
    return this.#count;
  }

  /** Size in bytes of the batch as it stands, before compression. */
  get sizeBytes(): number {
    return this.#at;
  }

  append(timestampMs: number, key: Uint8Array | null, value: Uint8Array | null, headers?: readonly RecordHeader[]): void {
    this.appendSpans(
      timestampMs,
      key ?? noBytes,
      key === null ? -1 : 0,
      key === null ? -1 : key.length,
      value ?? noBytes,
      value === null ? -1 : 0,
      value === null ? -1 : value.length,
      headers,
    );
  }

  /** Like {@link append}, from `[start, end)` of larger buffers; a start of -1 is null. The bytes are copied. */
  appendSpans(
    timestampMs: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers?: readonly RecordHeader[],
  ): void {
    if (this.#count === 0) this.#firstTimestamp = this.#maxTimestamp = timestampMs;
    else if (timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs;
    const timestampDelta = timestampMs - this.#firstTimestamp;
    const keyLength = keyStart < 0 ? -1 : keyEnd - keyStart;
    const valueLength = valueStart < 0 ? -1 : valueEnd - valueStart;
    const encodedHeaders = headers === undefined || headers.length === 0 ? noHeaders : encodeHeaders(headers);
    const length =
      1 +
      varlongSize(timestampDelta) +
      varintSize(this.#count) +
      varintSize(keyLength) +
      Math.max(0, keyLength) +
      varintSize(valueLength) +
      Math.max(0, valueLength) +
      encodedHeaders.length;
    const bytes = this.#room(length + recordOverhead);
    let at = writeVarint(bytes, length, this.#at);
    bytes[at++] = 0;
    at = writeVarlong(bytes, timestampDelta, at);
    at = writeVarint(bytes, this.#count, at);
    at = writeVarint(bytes, keyLength, at);
    if (keyLength > 0) at = copy(keyBytes, keyStart, keyEnd, bytes, at);
    at = writeVarint(bytes, valueLength, at);
    if (valueLength > 0) at = copy(valueBytes, valueStart, valueEnd, bytes, at);
    this.#at = copy(encodedHeaders, 0, encodedHeaders.length, bytes, at);
    this.#count++;
  }

  /**
   * The whole batch. The builder must not be used afterwards.
   * @returns a part of {@link memory}, or of memory of its own if it is compressed.
   */
  finish(traits: BatchTraits = {}): Buffer {
    const batch = this.#compressed(traits.compression ?? 'none');
    const attributes = compressions.indexOf(traits.compression ?? 'none') | (traits.transactional ? 0x10 : 0) | (traits.control ? 0x20 : 0);
    writeInt64(batch, traits.baseOffset ?? 0, 0);
    batch.writeInt32BE(batch.length - 12, 8);
    batch.writeInt32BE(traits.partitionLeaderEpoch ?? -1, 12);
    batch[16] = 2;
    batch.writeInt16BE(attributes, 21);
    batch.writeInt32BE(this.#count - 1, 23);
    writeInt64(batch, this.#firstTimestamp, 27);
    writeInt64(batch, this.#maxTimestamp, 35);
    writeInt64(batch, traits.producerId ?? -1, 43);
    batch.writeInt16BE(traits.producerEpoch ?? -1, 51);
    batch.writeInt32BE(traits.baseSequence ?? -1, 53);
    batch.writeInt32BE(this.#count, 57);
    if (traits.checksum !== false) stampCrc(batch, 0);
    return batch;
  }

  #compressed(compression: Compression): Buffer {
    if (compression === 'none') return this.#bytes.subarray(0, this.#at);
    const records = compress(compression, this.#bytes.subarray(batchHeaderSize, this.#at));
    return Buffer.concat([this.#bytes.subarray(0, batchHeaderSize), records]);
  }

  #room(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + length));
      this.#bytes.copy(grown, 0, 0, this.#at);
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}

const noBytes = Buffer.alloc(0);
/** The count of headers, zero. */
const noHeaders = Buffer.from([0]);

/** A loop is quicker than a call into native code for as few bytes as a key usually has. */
const loopLimit = 24;

function copy(from: Uint8Array, start: number, end: number, to: Buffer, at: number): number {
  const length = end - start;
  if (length <= loopLimit) for (let index = 0; index < length; index++) to[at + index] = from[start + index]!;
  else if (start === 0 && end === from.length) to.set(from, at);
  // A view and `set` take less time than Node's copying, for records as short as they mostly are.
  else to.set(new Uint8Array(from.buffer, from.byteOffset + start, length), at);
  return at + length;
}

function encodeHeaders(headers: readonly RecordHeader[]): Buffer {
  const keys = headers.map(({ key }) => Buffer.from(key));
  const contentSize = headers.reduce((size, { value }, index) => size + keys[index]!.length + (value?.length ?? 0), 0);
  const encoded = Buffer.allocUnsafe(5 + headers.length * 10 + contentSize);
  let at = writeVarint(encoded, headers.length, 0);
  headers.forEach(({ value }, index) => {
    const key = keys[index]!;
    at = writeVarint(encoded, key.length, at);
    at = copy(key, 0, key.length, encoded, at);
    at = writeVarint(encoded, value === null ? -1 : value.length, at);
    if (value !== null) at = copy(value, 0, value.length, encoded, at);
  });
  return encoded.subarray(0, at);
}

/** A record to encode. */
export interface RecordInput {
  readonly timestampMs: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
}

/** A batch of the given records: {@link RecordBatchBuilder} for those who hold objects. */
export function encodeBatch(records: Iterable<RecordInput>, traits: BatchTraits = {}): Buffer {
  const builder = new RecordBatchBuilder(1024);
  for (const { timestampMs, key = null, value = null, headers } of records) builder.append(timestampMs, key, value, headers);
  return builder.finish(traits);
}
