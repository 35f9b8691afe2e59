import { createRequire } from 'node:module';
import zlib from 'node:zlib';
import { MillraceError } from '@millrace/core';
import { invalid } from './byte-reader.ts';
import { lz4FrameBound } from './lz4-frame.ts';
import { snappyChunks, snappyFrame } from './snappy-frame.ts';

/** How the records of a batch are compressed. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** By their number in a batch's attributes. */
export const compressions: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Records of one batch may not be larger than this when decompressed, unless told otherwise. */
export const defaultMaxDecompressedBytes = 64 * 1024 * 1024;

interface Codec {
  compress(content: Buffer, level: number | undefined): Buffer;
  /** May throw anything on damaged input, and must not make more than `maxSizeBytes`. */
  decompress(content: Buffer, maxSizeBytes: number): Buffer;
}

const require = createRequire(import.meta.url);
// The native codecs are loaded when the first batch needs them: starting up must stay quick.
const snappy = (): typeof import('snappy') => require('snappy');
const lz4 = (): typeof import('lz4-napi') => require('lz4-napi');

const codecs: Record<Exclude<Compression, 'none'>, Codec> = {
  gzip: {
    compress: (content, level) => zlib.gzipSync(content, level === undefined ? {} : { level }),
    decompress: (content, maxOutputLength) => zlib.gunzipSync(content, { maxOutputLength }),
  },
  snappy: {
    compress: (content) => snappyFrame(content, (block) => snappy().compressSync(block)),
    decompress(content, maxSizeBytes) {
      const { chunks, sizeBytes } = snappyChunks(content);
      if (sizeBytes > maxSizeBytes) throw tooLarge('snappy', maxSizeBytes);
      const blocks = chunks.map((chunk) => snappy().uncompressSync(chunk) as Buffer);
      return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks);
    },
  },
  lz4: {
    compress: (content) => lz4().compressFrameSync(content),
    decompress(content, maxSizeBytes) {
      if (lz4FrameBound(content) > maxSizeBytes) throw tooLarge('lz4', maxSizeBytes);
      return lz4().decompressFrameSync(content);
    },
  },
  zstd: {
    compress: (content, level) =>
      zlib.zstdCompressSync(content, level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } }),
    decompress: (content, maxOutputLength) => zlib.zstdDecompressSync(content, { maxOutputLength }),
  },
};

/** @param level how hard gzip (1 to 9, -1 for its own choice) or zstd (to 22) tries; the other codecs have one level. */
export function compress(compression: Compression, content: Buffer, level?: number): Buffer {
  return compression === 'none' ? content : codecs[compression].compress(content, level);
}

/**
 * @param compression the number in a batch's attributes.
 * @throws {MillraceError} KAFKA_PROTOCOL_INVALID if the number is not known, the content is damaged, or it would become larger than allowed.
 */
export function decompress(compression: number, content: Buffer, maxSizeBytes = defaultMaxDecompressedBytes): Buffer {
  const name = compressions[compression];
  if (name === undefined) throw invalid(`unknown compression ${compression}; known are 0 to ${compressions.length - 1}`);
  if (name === 'none') return content;
  try {
    return codecs[name].decompress(content, maxSizeBytes);
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name, maxSizeBytes);
    throw new MillraceError('KAFKA_PROTOCOL_INVALID', `${name}-compressed records are damaged: ${(cause as Error).message}`, { cause });
  }
}

function tooLarge(name: string, maxSizeBytes: number): MillraceError {
  return invalid(`${name}-compressed records would become larger than ${maxSizeBytes} bytes`, { maxSizeBytes });
}
