import {
  batchHeader,
  batchHeaderSize,
  compress,
  compressions,
  controlTypeOf,
  decodeHeaders,
  decodeRecords,
  decompress,
  iterateBatches,
  RecordSpans,
  stampLogAppendTime,
  verifyCrc,
} from '@millrace/kafka-protocol';
import { batch } from './messages.ts';
import { mutated } from './mutate.ts';
import { refusesOrReads, type Target } from './target.ts';

/** A bomb must not become larger than this. */
const decompressedBytesMax = 256 * 1024;

/** Record batches one behind the other, as a broker or a client gets them: headers, records, and what is compressed. */
export const batchDecoder: Target = {
  name: 'batch',
  make(random) {
    const original = batch(random);
    const records = original.subarray(batchHeaderSize);
    switch (random.below(16)) {
      case 0:
      case 2:
      case 3:
      case 4: {
        // Damage within the compressed records only: the header leads to it.
        const bytes = Buffer.concat([original.subarray(0, batchHeaderSize), mutated(records, random, batch(random))]);
        bytes.writeInt32BE(bytes.length - 12, 8);
        return bytes;
      }
      case 1: {
        // Much in little: what is only claimed, and what is really there.
        const codec = 1 + random.below(compressions.length - 1);
        const content = Buffer.alloc(random.below(3 * decompressedBytesMax));
        const packed = compress(compressions[codec]!, content);
        const bytes = Buffer.concat([
          original.subarray(0, batchHeaderSize),
          random.below(2) === 0 ? packed : mutated(packed, random, records),
        ]);
        bytes.writeInt32BE(bytes.length - 12, 8);
        bytes[22] = codec;
        return bytes;
      }
      case 5:
      case 6:
        return mutated(Buffer.concat([original, batch(random)]), random, batch(random));
      default:
        return mutated(original, random, batch(random));
    }
  },
  run(bytes) {
    for (let codec = 0; codec <= compressions.length; codec++) {
      refusesOrReads(() => assertWithin(decompress(codec, bytes.subarray(batchHeaderSize), decompressedBytesMax).length, bytes.length));
    }
    refusesOrReads(() => {
      const spans = new RecordSpans(16);
      for (const at of iterateBatches(bytes)) readBatch(bytes, at, spans);
    });
  },
};

function readBatch(bytes: Buffer, at: number, spans: RecordSpans): void {
  verifyCrc(bytes, at);
  if (batchHeader.isControl(bytes, at)) controlTypeOf(bytes, at);
  spans.clear();
  decodeRecords(bytes, at, at + batchHeader.sizeBytes(bytes, at), spans, { maxDecompressedBytes: decompressedBytesMax });
  assertWithin(spans.bytes.length, bytes.length);
  for (let i = 0; i < spans.count; i++) {
    spans.key(i);
    spans.value(i);
    decodeHeaders(spans, i);
  }
  stampLogAppendTime(Buffer.from(bytes), at, 1);
}

function assertWithin(sizeBytes: number, inputBytes: number): void {
  if (sizeBytes > Math.max(decompressedBytesMax, inputBytes)) throw new Error(`${inputBytes} bytes became ${sizeBytes}`);
}
