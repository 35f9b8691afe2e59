import type { ServerResponse } from 'node:http';
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import { type Clock, MillraceError } from '@millrace/core';

/** A compressor whose output so far can be brought out. */
type Compressor = NodeJS.ReadWriteStream & { flush(callback: () => void): void; destroy(): void };

const compressors: Readonly<Record<string, () => Compressor>> = {
  zstd: () => createZstdCompress() as Compressor,
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }) as Compressor,
  gzip: () => createGzip({ level: 1 }) as Compressor,
};

/** The first of our encodings that the header `Accept-Encoding` lets through, or null for none. */
export function chooseEncoding(header: string | undefined): string | null {
  if (header === undefined) return null;
  const accepted = new Map(
    header.split(',').map((part) => {
      const [name, ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
      return [name!, !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))] as const;
    }),
  );
  return Object.keys(compressors).find((name) => accepted.get(name) === true) ?? null;
}

export interface ResponseStreamOptions {
  readonly clock: Clock;
  /** Of the request. */
  readonly acceptEncoding: string | undefined;
  /** How long the client may leave what was written unread. */
  readonly maxStallMs: number;
}

/**
 * The body of a response that is written piece by piece: compressed if the client asks for it, brought out with every piece,
 * and held back while the client does not read. One piece at a time: await each before the next.
 */
export class ResponseStream {
  readonly #response: ServerResponse;
  readonly #options: ResponseStreamOptions;
  readonly #closed = new AbortController();
  #compressor: Compressor | null = null;
  #drained: (() => void) | null = null;

  constructor(response: ServerResponse, options: ResponseStreamOptions) {
    this.#response = response;
    this.#options = options;
    response.on('drain', () => this.#drained?.());
    response.on('close', () => {
      if (!response.writableEnded) this.#closed.abort(new MillraceError('QUERY_CANCELLED', 'the client has closed the connection'));
      this.#drained?.();
    });
    response.on('error', () => {});
  }

  /** Aborted when the client goes away before the end. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  get hasStarted(): boolean {
    return this.#response.headersSent;
  }

  /** Sends the headers. */
  start(status: number, headers: Readonly<Record<string, string>>): void {
    const encoding = chooseEncoding(this.#options.acceptEncoding);
    if (encoding !== null) {
      this.#compressor = compressors[encoding]!();
      this.#compressor.on('data', (data: Buffer) => this.#response.write(data));
      this.#compressor.on('error', () => this.#response.destroy());
    }
    this.#response.writeHead(status, { ...headers, ...(encoding !== null && { 'Content-Encoding': encoding, Vary: 'Accept-Encoding' }) });
    this.#response.flushHeaders();
  }

  /** Resolves when there is room for more. @throws {MillraceError} QUERY_CANCELLED if the client is gone, QUERY_CLIENT_STALLED if it does not read. */
  async write(bytes: Buffer): Promise<void> {
    this.#closed.signal.throwIfAborted();
    if (bytes.length === 0) return;
    const compressor = this.#compressor;
    if (compressor === null) this.#response.write(bytes);
    else {
      compressor.write(bytes);
      await new Promise<void>((resolve) => compressor.flush(resolve));
    }
    if (this.#response.writableNeedDrain) await this.#drain();
  }

  /** Ends the response; resolves when all is handed to the system, or the client is gone. */
  async end(bytes: Buffer = Buffer.alloc(0)): Promise<void> {
    if (this.#closed.signal.aborted) return;
    await this.write(bytes);
    const compressor = this.#compressor;
    if (compressor !== null) {
      await new Promise<void>((resolve) => {
        compressor.once('end', resolve);
        compressor.end();
      });
    }
    await new Promise<void>((resolve) => {
      this.#response.once('close', resolve);
      this.#response.end(resolve);
    });
  }

  /** Breaks the connection off, so that the client cannot take what it has for the whole. */
  destroy(): void {
    this.#compressor?.destroy();
    this.#response.destroy();
  }

  async #drain(): Promise<void> {
    const { clock, maxStallMs } = this.#options;
    const isStalled = await new Promise<boolean>((resolve) => {
      const timer = clock.setTimer(maxStallMs, () => resolve(true), { unref: true });
      this.#drained = () => {
        timer.cancel();
        resolve(false);
      };
    });
    this.#drained = null;
    if (isStalled) {
      this.destroy();
      throw new MillraceError('QUERY_CLIENT_STALLED', `the client has read nothing for ${maxStallMs} ms (max_client_stall)`);
    }
    this.#closed.signal.throwIfAborted();
  }
}
