import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { FakeClock, systemClock } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { chooseEncoding, ResponseStream } from '../src/http/response-stream.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Starts a server whose handler writes, and gives the response of one request. */
async function request(handler: (response: ServerResponse) => void, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  server = createServer((_request, response) => handler(response));
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return new Promise((resolve, reject) => get({ port, host: '127.0.0.1', headers }, resolve).on('error', reject));
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const options = { clock: systemClock, acceptEncoding: undefined, maxStallMs: 1000 };

describe('chooseEncoding', () => {
  it('takes the best that the client lets through', () => {
    expect(chooseEncoding('gzip, deflate, br')).toBe('br');
    expect(chooseEncoding('gzip, zstd;q=0.5')).toBe('zstd');
    expect(chooseEncoding('gzip;q=0, identity')).toBeNull();
    expect(chooseEncoding(undefined)).toBeNull();
  });
});

describe('ResponseStream', () => {
  it.each([
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
  ])('compresses as %s', async (encoding, decompress) => {
    const response = await request(async (raw) => {
      const stream = new ResponseStream(raw, { ...options, acceptEncoding: encoding });
      stream.start(200, { 'Content-Type': 'text/plain' });
      await stream.write(Buffer.from('one '));
      await stream.end(Buffer.from('two'));
    });
    expect(response.headers['content-encoding']).toBe(encoding);
    expect(decompress(await bodyOf(response)).toString()).toBe('one two');
  });

  it('brings every piece out at once, compressed too', async () => {
    let write: ((text: string) => Promise<void>) | undefined;
    const response = await request((raw) => {
      const stream = new ResponseStream(raw, { ...options, acceptEncoding: 'gzip' });
      stream.start(200, {});
      write = (text) => stream.write(Buffer.from(text));
    });
    const first = new Promise<Buffer>((resolve) => response.once('data', resolve));
    await write!('row 1\n');
    expect((await first).length).toBeGreaterThan(0);
    response.destroy();
  });

  it('ends with an error when the client leaves its results unread for too long', async () => {
    const clock = new FakeClock();
    const failed = Promise.withResolvers<unknown>();
    const response = await request(async (raw) => {
      const stream = new ResponseStream(raw, { ...options, clock, maxStallMs: 5000 });
      stream.start(200, {});
      try {
        for (;;) {
          const written = stream.write(Buffer.alloc(1 << 20));
          if (raw.writableNeedDrain && raw.writableLength > 8 << 20) clock.advance(5001);
          await Promise.race([written, new Promise((resolve) => setImmediate(resolve))]);
          if (clock.monotonic() > 0) await written;
        }
      } catch (failure) {
        failed.resolve(failure);
      }
    });
    response.on('error', () => {});
    response.pause();
    expect(await failed.promise).toMatchObject({ code: 'QUERY_CLIENT_STALLED', message: expect.stringContaining('max_client_stall') });
  });

  it('tells when the client goes away', async () => {
    const gone = Promise.withResolvers<unknown>();
    const response = await request((raw) => {
      const stream = new ResponseStream(raw, options);
      stream.start(200, {});
      stream.signal.addEventListener('abort', () => gone.resolve(stream.signal.reason));
    });
    response.on('error', () => {});
    response.destroy();
    expect(await gone.promise).toMatchObject({ code: 'QUERY_CANCELLED' });
  });
});
