import type { Chunk } from '@millrace/data';
import type { ResultEncoder, ResultStatistics } from '@millrace/formats';
import type { Sink } from './sink.ts';

/** Takes encoded results under a bound. */
export interface ByteChannel {
  /** The bytes are the channel's from now on. */
  write(bytes: Buffer): void;
  /** As {@link Sink.ready}. */
  ready(): Promise<void> | undefined;
}

/** Encodes rows for a client. */
export class ResultSink implements Sink {
  readonly #encoder: ResultEncoder;
  readonly #channel: ByteChannel;
  rowsOut = 0;

  constructor(encoder: ResultEncoder, channel: ByteChannel) {
    this.#encoder = encoder;
    this.#channel = channel;
  }

  start(): void {
    this.#write(this.#encoder.start());
  }

  chunk(chunk: Chunk): void {
    this.rowsOut += chunk.rowCount;
    this.#write(this.#encoder.encode(chunk));
  }

  ready(): Promise<void> | undefined {
    return this.#channel.ready();
  }

  async finish(statistics: ResultStatistics): Promise<void> {
    this.#write(this.#encoder.end(statistics));
  }

  async close(): Promise<void> {}

  #write(bytes: Buffer): void {
    if (bytes.length > 0) this.#channel.write(bytes);
  }
}
