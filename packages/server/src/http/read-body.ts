import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { MillraceError } from '@millrace/core';

const decompressors: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/**
 * The whole body of a request, decompressed as its `Content-Encoding` says. Memory is bounded by the limit, for bodies that
 * unpack to far more than was sent too.
 * @throws {MillraceError} QUERY_CANCELLED if the client goes away meanwhile; REQUEST_TOO_LARGE naming the limit; DATA_UNDECODABLE if it cannot be decompressed; NOT_SUPPORTED for other encodings
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  try {
    return await readWhole(request, limitBytes);
  } catch (failure) {
    if (request.errored === null) {
      // What is left is dropped as it comes: a client that still sends would not come to read the answer.
      request.unpipe();
      request.resume();
      throw failure;
    }
    throw new MillraceError('QUERY_CANCELLED', 'the client has closed the connection before its request was whole', { cause: failure });
  }
}

async function readWhole(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity' || encoding === '') return gather(request, limitBytes);
  const create = decompressors[encoding];
  if (create === undefined) {
    throw new MillraceError('NOT_SUPPORTED', `the content encoding ${JSON.stringify(encoding)} is not known`, {
      hint: 'send gzip, deflate, br, zstd, or none',
    });
  }
  const plain = create();
  request.on('error', (error) => plain.destroy(error));
  request.pipe(plain);
  try {
    return await gather(plain, limitBytes);
  } catch (cause) {
    plain.destroy();
    if (cause instanceof MillraceError) throw cause;
    throw new MillraceError('DATA_UNDECODABLE', `the body is not ${encoding}: ${(cause as Error).message}`, { cause });
  }
}

async function gather(source: Readable, limitBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limitBytes) {
      throw new MillraceError('REQUEST_TOO_LARGE', `the body is larger than ${limitBytes} bytes`, {
        hint: 'send it in parts, or raise http.max_body_size',
        details: { limitBytes },
      });
    }
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, length);
}
