import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  batchEnd,
  batchHeader,
  batchHeaderSize,
  decodeHeaders,
  decodeRecords,
  encodeBatch,
  iterateBatches,
  RecordBatchBuilder,
  RecordSpans,
  setBaseOffset,
  setPartitionLeaderEpoch,
  stampLogAppendTime,
  stampProducer,
  verifyCrc,
} from '../src/index.ts';

const byteString = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const record = fc.record({
  timestampMs: fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }), fc.integer({ min: 0, max: 253_402_300_799_999 })),
  key: fc.option(byteString),
  value: fc.option(byteString),
  headers: fc.array(fc.record({ key: fc.string(), value: fc.option(byteString) }), { maxLength: 3 }),
});
const compression = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd');

function readAll(buffer: Buffer, fromOffset = 0) {
  const spans = new RecordSpans(2);
  const rows: unknown[] = [];
  const flush = () => {
    for (let index = 0; index < spans.count; index++) {
      rows.push({
        offset: spans.offsets[index],
        timestampMs: spans.timestamps[index],
        key: spans.key(index),
        value: spans.value(index),
        headers: decodeHeaders(spans, index),
      });
    }
    spans.clear();
  };
  for (const at of iterateBatches(buffer)) {
    const end = batchEnd(buffer, at, buffer.length);
    if (!decodeRecords(buffer, at, end, spans, { fromOffset })) {
      flush();
      expect(decodeRecords(buffer, at, end, spans, { fromOffset })).toBe(true);
    }
  }
  flush();
  return rows;
}

describe('a record batch', () => {
  it('gives back the records that were put in, whatever the codec', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(record, { minLength: 1, maxLength: 12 }), compression), { minLength: 1, maxLength: 4 }),
        (batches) => {
          let baseOffset = 100;
          const expected: unknown[] = [];
          const encoded = batches.map(([records, codec]) => {
            const batch = encodeBatch(records, { compression: codec, baseOffset });
            expected.push(...records.map((input, index) => ({ ...input, offset: baseOffset + index })));
            baseOffset += records.length;
            expect(verifyCrc(batch, 0)).toBe(true);
            return batch;
          });
          expect(readAll(Buffer.concat(encoded))).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('says in its header what it holds', () => {
    const batch = encodeBatch([{ timestampMs: 1000 }, { timestampMs: 3000 }, { timestampMs: 2000 }], {
      compression: 'zstd',
      producerId: 2 ** 40,
      producerEpoch: 3,
      baseSequence: 70,
      transactional: true,
      baseOffset: 2 ** 50,
    });
    expect({
      size: batchHeader.sizeBytes(batch, 0),
      magic: batchHeader.magic(batch, 0),
      compression: batchHeader.compression(batch, 0),
      transactional: batchHeader.isTransactional(batch, 0),
      control: batchHeader.isControl(batch, 0),
      lastOffset: batchHeader.lastOffset(batch, 0),
      first: batchHeader.firstTimestamp(batch, 0),
      max: batchHeader.maxTimestamp(batch, 0),
      producer: [batchHeader.producerId(batch, 0), batchHeader.producerEpoch(batch, 0), batchHeader.baseSequence(batch, 0)],
      count: batchHeader.recordCount(batch, 0),
    }).toEqual({
      size: batch.length,
      magic: 2,
      compression: 4,
      transactional: true,
      control: false,
      lastOffset: 2 ** 50 + 2,
      first: 1000,
      max: 3000,
      producer: [2 ** 40, 3, 70],
      count: 3,
    });
  });

  it('has the bytes that Kafka writes', () => {
    // One record, key "k", value "v", at 1000 ms; the checksum is of these very bytes.
    const batch = encodeBatch([{ timestampMs: 1000, key: Buffer.from('k'), value: Buffer.from('v') }], { partitionLeaderEpoch: 0 });
    expect(batch.toString('hex')).toBe(
      [
        '0000000000000000', // base offset
        '0000003a', // length
        '00000000', // leader epoch
        '02', // format
        'CRC',
        '0000', // attributes
        '00000000', // last offset delta
        '00000000000003e8', // first timestamp
        '00000000000003e8', // largest timestamp
        'ffffffffffffffff', // producer id
        'ffff', // producer epoch
        'ffffffff', // base sequence
        '00000001', // records
        '10', // length of the record: 8
        '000000', // attributes, timestamp delta, offset delta
        '026b', // key
        '0276', // value
        '00', // headers
      ]
        .join('')
        .replace('CRC', batch.toString('hex', 17, 21)),
    );
  });

  it('keeps its checksum when offset and leader epoch are patched, and loses it when a record changes', () => {
    const batch = encodeBatch([{ timestampMs: 1, value: Buffer.from('abc') }]);
    setBaseOffset(batch, 0, 12_345_678_901);
    setPartitionLeaderEpoch(batch, 0, 9);
    expect([verifyCrc(batch, 0), batchHeader.baseOffset(batch, 0), batchHeader.partitionLeaderEpoch(batch, 0)]).toEqual([
      true,
      12_345_678_901,
      9,
    ]);
    batch[batch.length - 2]! ^= 1;
    expect(verifyCrc(batch, 0)).toBe(false);
  });

  it('can be stamped by producer and broker', () => {
    const batch = encodeBatch([{ timestampMs: 5, value: Buffer.from('a') }, { timestampMs: 6 }]);
    stampProducer(batch, 77, 1, 2 ** 31 - 1);
    expect([verifyCrc(batch, 0), batchHeader.producerId(batch, 0), batchHeader.baseSequence(batch, 0)]).toEqual([true, 77, 2 ** 31 - 1]);
    stampLogAppendTime(batch, 0, 999);
    expect(verifyCrc(batch, 0)).toBe(true);
    expect(readAll(batch)).toMatchObject([{ timestampMs: 999 }, { timestampMs: 999 }]);
  });

  it('is read from the offset asked for', () => {
    const batch = encodeBatch(
      Array.from({ length: 10 }, (_, index) => ({ timestampMs: index })),
      { baseOffset: 40 },
    );
    expect(readAll(batch, 47)).toMatchObject([{ offset: 47 }, { offset: 48 }, { offset: 49 }]);
  });

  it('that holds a transaction marker gives no records', () => {
    expect(
      readAll(encodeBatch([{ timestampMs: 1, key: Buffer.alloc(4), value: Buffer.alloc(6) }], { control: true, transactional: true })),
    ).toEqual([]);
  });

  it('that is cut off at the end is left out', () => {
    const batch = encodeBatch([{ timestampMs: 1, value: Buffer.alloc(100) }]);
    const two = Buffer.concat([batch, batch]);
    for (const cut of [1, 50, batch.length - 16, batch.length - 1]) {
      expect([...iterateBatches(two.subarray(0, two.length - cut))]).toEqual([0]);
    }
    expect([...iterateBatches(two)]).toEqual([0, batch.length]);
  });

  it('of an old format is refused', () => {
    const old = Buffer.alloc(batchHeaderSize);
    old[16] = 1;
    expect(() => [...iterateBatches(old)]).toThrow('a record batch has the format 1; only 2 is supported');
  });

  it('takes spans of larger buffers', () => {
    const builder = new RecordBatchBuilder(64);
    const text = Buffer.from('0123456789');
    builder.appendSpans(1, text, 2, 4, text, 5, 10);
    builder.appendSpans(2, text, -1, -1, text, -1, -1);
    expect(builder.recordCount).toBe(2);
    expect(readAll(builder.finish())).toMatchObject([
      { key: Buffer.from('23'), value: Buffer.from('56789') },
      { key: null, value: null },
    ]);
  });

  it('keeps the spans as they were when it is damaged', () => {
    const good = encodeBatch([{ timestampMs: 1, value: Buffer.from('good') }]);
    const bad = encodeBatch([
      { timestampMs: 1, value: Buffer.from('bad!') },
      { timestampMs: 1, value: Buffer.from('bad!') },
    ]);
    bad[bad.length - 1] = 99;
    const both = Buffer.concat([good, bad]);
    const spans = new RecordSpans();
    decodeRecords(both, 0, good.length, spans);
    expect(() => decodeRecords(both, good.length, both.length, spans)).toThrow('do not fit its length');
    expect([spans.count, spans.value(0)?.toString()]).toEqual([1, 'good']);
  });
});
