import { describe, expect, it } from 'vitest';
import {
  batchHeader,
  type Compression,
  decodeHeaders,
  decodeRecords,
  encodeBatch,
  RecordSpans,
  setPartitionLeaderEpoch,
  verifyCrc,
} from '../src/index.ts';

/** Batches as the console producer of Apache Kafka 4.1.1 wrote them: the same two records in every codec. */
const batches: Record<Compression, string> = {
  none: '0000000000000000000000770000000002f925673f000000000001000001a1fe9b378a000001a1fe9b379e00000000000000200000000000000000000240000000066b6579266f6e65206f6e65206f6e65206f6e65206f6e65020268023148002802066b65792674776f2074776f2074776f2074776f2074776f040268023202690233',
  gzip: '00000000000000000000006c0000000002e4b94d13000100000001000001a1fe9b3cec000001a1fe9b3d030000000000000021000000000000000000021f8b08000000000000ff7360606060cb4ead54cbcf4b5540c34c4c194c861e0c7a4c600525e5f90a689805a8c0882993c918009ef29c1c46000000',
  snappy:
    '0000000000000000000000760000000002adaaf58c000200000001000001a1fe9b43e7000001a1fe9b442b00000000000000220000000000000000000282534e4150505900000000010000000100000031473040000000066b6579266f6e65203a04002402026802314a0088010205220c74776f203a040020040268023202690233',
  lz4: '00000000000000000000006d000000000272375aa8000300000001000001a1fe9b4ad1000001a1fe9b4b0900000000000000230000000000000000000204224d186040822d000000db40000000066b6579266f6e652004009102026802314800700221004b74776f2004009004026802320269023300000000',
  zstd: '00000000000000000000006c0000000002d81f3140000400000001000001a1fe9b51dc000001a1fe9b520e00000000000000240000000000000000000228b52ffd00587c0100340240000000066b6579266f6e652002026802314800640274776f200402680232026902330300bb2644b5c79dfb02010000',
};

describe('batches that Java wrote', () => {
  for (const [name, hex] of Object.entries(batches)) {
    it(`are read (${name})`, () => {
      const batch = Buffer.from(hex, 'hex');
      const spans = new RecordSpans();
      expect(batch.length).toBe(batchHeader.sizeBytes(batch, 0));
      expect(verifyCrc(batch, 0)).toBe(true);
      expect(decodeRecords(batch, 0, batch.length, spans)).toBe(true);
      expect([0, 1].map((row) => [spans.key(row), spans.value(row), decodeHeaders(spans, row)])).toEqual([
        [Buffer.from('key'), Buffer.from('one one one one one'), [{ key: 'h', value: Buffer.from('1') }]],
        [
          Buffer.from('key'),
          Buffer.from('two two two two two'),
          [
            { key: 'h', value: Buffer.from('2') },
            { key: 'i', value: Buffer.from('3') },
          ],
        ],
      ]);
      expect(spans.timestamps[1]).toBe(batchHeader.maxTimestamp(batch, 0));
    });
  }

  it('are written by us to the byte', () => {
    const java = Buffer.from(batches.none, 'hex');
    const records = [
      { text: 'one', timestampMs: batchHeader.firstTimestamp(java, 0), headers: { h: '1' } },
      { text: 'two', timestampMs: batchHeader.maxTimestamp(java, 0), headers: { h: '2', i: '3' } },
    ].map(({ text, timestampMs, headers }) => ({
      timestampMs,
      key: Buffer.from('key'),
      value: Buffer.from(Array(5).fill(text).join(' ')),
      headers: Object.entries(headers).map(([key, value]) => ({ key, value: Buffer.from(value) })),
    }));
    const ours = encodeBatch(records, { producerId: batchHeader.producerId(java, 0), producerEpoch: 0, baseSequence: 0 });
    setPartitionLeaderEpoch(ours, 0, 0);
    expect(ours.toString('hex')).toBe(batches.none);
  });
});
