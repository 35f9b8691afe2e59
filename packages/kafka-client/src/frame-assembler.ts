import { MillraceError } from '@millrace/core';

/** Copying fewer bytes costs less than another read. */
const worthWhileBytes = 64 * 1024;

/** Puts frames (four bytes of size, then content) together from chunks of any size. */
export class FrameAssembler {
  readonly #maxSizeBytes: number;
  readonly #onFrame: (frame: Buffer) => void;
  readonly #allocate: (sizeBytes: number) => Buffer;
  readonly #size = Buffer.alloc(4);
  #sizeLength = 0;
  #frame: Buffer | undefined;
  #frameLength = 0;

  /** @param allocate gives the memory of a frame, of exactly the size. */
  constructor(maxSizeBytes: number, onFrame: (frame: Buffer) => void, allocate: (sizeBytes: number) => Buffer = Buffer.allocUnsafe) {
    this.#maxSizeBytes = maxSizeBytes;
    this.#onFrame = onFrame;
    this.#allocate = allocate;
  }

  /** Where the next bytes of the stream are to end up, if that is known and worth while: who reads them there saves a copy. */
  get room(): Buffer | undefined {
    const frame = this.#frame;
    return frame === undefined || frame.length - this.#frameLength < worthWhileBytes ? undefined : frame.subarray(this.#frameLength);
  }

  /** @throws {MillraceError} KAFKA_PROTOCOL_INVALID if a size is not legal; the stream cannot be used on. */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; )
      at = this.#frame === undefined ? this.#takeSize(chunk, at) : this.#takeContent(chunk, at, this.#frame);
  }

  #takeSize(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + 4 - this.#sizeLength);
    this.#sizeLength += chunk.copy(this.#size, this.#sizeLength, at, end);
    if (this.#sizeLength === 4) {
      const sizeBytes = this.#size.readInt32BE(0);
      if (sizeBytes < 4 || sizeBytes > this.#maxSizeBytes) {
        throw new MillraceError('KAFKA_PROTOCOL_INVALID', `a response of ${sizeBytes} bytes is outside of 4 to ${this.#maxSizeBytes}`);
      }
      this.#frame = this.#allocate(sizeBytes);
      this.#frameLength = 0;
      this.#sizeLength = 0;
    }
    return end;
  }

  #takeContent(chunk: Buffer, at: number, frame: Buffer): number {
    const end = Math.min(chunk.length, at + frame.length - this.#frameLength);
    const isInPlace = chunk.buffer === frame.buffer && chunk.byteOffset + at === frame.byteOffset + this.#frameLength;
    if (!isInPlace) chunk.copy(frame, this.#frameLength, at, end);
    this.#frameLength += end - at;
    if (this.#frameLength === frame.length) {
      this.#frame = undefined;
      this.#onFrame(frame);
    }
    return end;
  }
}
