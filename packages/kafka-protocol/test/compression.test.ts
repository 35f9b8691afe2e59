import fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { compress, compressions, decompress } from '../src/index.ts';

const content = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  fc.nat(200_000).map((size) => Buffer.alloc(size, 'abcdefg')),
);

describe('compression', () => {
  for (const [number, name] of compressions.entries()) {
    it(`${name} gives back what went in`, () => {
      fc.assert(
        fc.property(content, (bytes) => {
          expect(decompress(number, compress(name, bytes)).equals(bytes)).toBe(true);
        }),
        { numRuns: 40 },
      );
    });

    if (name === 'none') continue;
    it(`${name} refuses what would become larger than the bound`, () => {
      const bomb = compress(name, Buffer.alloc(10_000_000));
      expect(bomb.length).toBeLessThan(1_000_000);
      expect(() => decompress(number, bomb, 1_000_000)).toThrow(`${name}-compressed records would become larger than 1000000 bytes`);
      expect(decompress(number, bomb, 12_000_000).length).toBe(10_000_000);
    });

    it(`${name} refuses damaged content with a message`, () => {
      expect(() => decompress(number, Buffer.from('this is not compressed at all'))).toThrow(/damaged|begin|snappy/);
    });
  }

  it('reads snappy with and without the framing of Java', () => {
    const bytes = Buffer.alloc(100_000, 'snappy');
    expect(decompress(2, compressSync(bytes)).equals(bytes)).toBe(true);
    expect(compress('snappy', bytes).toString('latin1', 1, 7)).toBe('SNAPPY');
  });

  it('reads lz4 frames with checksums', () => {
    const bytes = Buffer.alloc(300_000, 'lz4');
    expect(decompress(3, compressFrameSync(bytes, { blockChecksums: true, contentChecksum: true })).equals(bytes)).toBe(true);
  });

  it('names the known numbers when it gets another', () => {
    expect(() => decompress(7, Buffer.alloc(1))).toThrow('unknown compression 7; known are 0 to 4');
  });
});
