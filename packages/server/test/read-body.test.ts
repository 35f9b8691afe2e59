import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readBody } from '../src/http/read-body.ts';

function requestOf(body: Buffer, encoding?: string): IncomingMessage {
  const parts = [body.subarray(0, 3), body.subarray(3)];
  return Object.assign(Readable.from(parts), {
    headers: encoding === undefined ? {} : { 'content-encoding': encoding },
  }) as unknown as IncomingMessage;
}

const text = Buffer.from('INSERT INTO s FORMAT JSONEachRow {"a":1}');

describe('readBody', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    [undefined, text],
  ])('reads a body of encoding %s', async (encoding, body) => {
    expect(await readBody(requestOf(body, encoding), 1000)).toEqual(text);
  });

  it('refuses a body that is larger than the limit, before or after unpacking', async () => {
    const large = Buffer.alloc(100_000);
    await expect(readBody(requestOf(large), 99_999)).rejects.toMatchObject({
      code: 'REQUEST_TOO_LARGE',
      message: 'the body is larger than 99999 bytes',
    });
    await expect(readBody(requestOf(gzipSync(large), 'gzip'), 50_000)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' });
  });

  it('tells a client that goes away from a defect', async () => {
    const request = requestOf(text, undefined);
    const read = readBody(request, 1000);
    request.destroy(new Error('aborted'));
    await expect(read).rejects.toMatchObject({ code: 'QUERY_CANCELLED' });
  });

  it('refuses what is not packed as it says, and packings that it does not know', async () => {
    await expect(readBody(requestOf(text, 'gzip'), 1000)).rejects.toMatchObject({ code: 'DATA_UNDECODABLE' });
    await expect(readBody(requestOf(text, 'lzma'), 1000)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });
});
