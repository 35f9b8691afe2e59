import type { ByteChannel } from '../sinks/result-sink.ts';

/** Hands bytes on while their number is within a credit that the taker renews; beyond it the query waits. */
export class CreditChannel implements ByteChannel {
  readonly #send: (bytes: Buffer) => void;
  #creditBytes: number;
  #waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  /** @param windowBytes how much may be under way */
  constructor(windowBytes: number, send: (bytes: Buffer) => void) {
    this.#creditBytes = windowBytes;
    this.#send = send;
  }

  write(bytes: Buffer): void {
    this.#creditBytes -= bytes.length;
    this.#send(bytes);
  }

  ready(): Promise<void> | undefined {
    if (this.#creditBytes > 0) return undefined;
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** So many bytes were taken. */
  grant(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.#creditBytes > 0) this.release();
  }

  /** Ends the waiting: the query is over. */
  release(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
