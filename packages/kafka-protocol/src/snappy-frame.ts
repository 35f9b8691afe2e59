import { invalid } from './byte-reader.ts';

/**
 * The framing that Java's snappy library puts around snappy blocks, and Kafka's Java clients with it:
 * magic, two versions, then blocks with their sizes in front. Other clients send one bare block.
 * @see https://github.com/xerial/snappy-java (SnappyOutputStream)
 */
const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const headerSize = 16;
const blockSize = 32 * 1024;

/** Frames `content` in blocks of 32 KiB. */
export function snappyFrame(content: Buffer, compressBlock: (block: Buffer) => Buffer): Buffer {
  const header = Buffer.alloc(headerSize);
  magic.copy(header);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let at = 0; at < content.length; at += blockSize) {
    const block = compressBlock(content.subarray(at, at + blockSize));
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/**
 * The bare snappy blocks of framed or bare content, and the size that they say they will have together.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID
 */
export function snappyChunks(content: Buffer): { chunks: Buffer[]; sizeBytes: number } {
  if (content.length < headerSize || content.compare(magic, 0, magic.length, 0, magic.length) !== 0) {
    return { chunks: [content], sizeBytes: plainSize(content) };
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for (let at = headerSize; at < content.length; ) {
    const length = content.length - at < 4 ? -1 : content.readInt32BE(at);
    if (length <= 0 || length > content.length - at - 4) throw invalid(`a snappy block does not fit at ${at}`);
    const chunk = content.subarray(at + 4, at + 4 + length);
    sizeBytes += plainSize(chunk);
    chunks.push(chunk);
    at += 4 + length;
  }
  return { chunks, sizeBytes };
}

/** A block begins with its decompressed size as LEB128. */
function plainSize(block: Buffer): number {
  let size = 0;
  for (let index = 0; index < 5 && index < block.length; index++) {
    size += (block[index]! & 0x7f) * 2 ** (7 * index);
    if (block[index]! < 0x80) return size;
  }
  throw invalid('a snappy block has no size');
}
