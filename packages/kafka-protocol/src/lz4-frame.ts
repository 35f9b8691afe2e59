import { invalid } from './byte-reader.ts';

const magic = 0x184d2204;
const contentSizeBit = 0x08;
const dictionaryBit = 0x01;
const blockChecksumBit = 0x10;
const uncompressedBit = 0x8000_0000;
/** No LZ4 sequence makes more than 255 bytes of one. */
const largestRatio = 255;

/**
 * The most bytes that an LZ4 frame can become, from the headers of its blocks only.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if the frame is cut off or no frame.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function lz4FrameBound(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== magic) throw invalid('lz4-compressed records do not begin with a frame');
  const flags = frame[4]!;
  const sizeCode = (frame[5]! >> 4) & 0x07;
  if (sizeCode < 4) throw invalid(`an lz4 frame has the unknown block size ${sizeCode}`);
  const blockSize = 2 ** (8 + 2 * sizeCode);
  let at = 7 + ((flags & contentSizeBit) !== 0 ? 8 : 0) + ((flags & dictionaryBit) !== 0 ? 4 : 0);
  let bound = 0;
  while (at + 4 <= frame.length) {
    const header = frame.readUInt32LE(at);
    if (header === 0) return bound;
    const length = header % uncompressedBit;
    bound += header >= uncompressedBit ? length : Math.min(blockSize, length * largestRatio);
    at += 4 + length + ((flags & blockChecksumBit) !== 0 ? 4 : 0);
  }
  throw invalid('an lz4 frame is cut off');
}
