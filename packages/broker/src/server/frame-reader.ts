import { MillraceError } from '@millrace/core';

const sizeBytes = 4;
/** What a client that begins with TLS sends first: a record of the handshake, of version 3. */
const tlsHandshake = 0x1603;

/**
 * Cuts a stream of bytes into frames: four bytes of size, then the frame.
 * A frame that arrives in one piece is a slice of it; a larger one is gathered in memory of just its size.
 */
export class FrameReader {
  readonly #frameBytesMax: () => number;
  #frame: Buffer | undefined;
  #filled = 0;
  #head: Buffer = Buffer.alloc(0);

  /** @param frameBytesMax asked anew for each frame. */
  constructor(frameBytesMax: () => number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** @throws {MillraceError} KAFKA_PROTOCOL_INVALID if a size is not legal; the stream is of no use then. */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    let rest = this.#fill(chunk, onFrame);
    if (this.#head.length > 0 && rest.length > 0) {
      rest = Buffer.concat([this.#head, rest]);
      this.#head = Buffer.alloc(0);
    }
    while (rest.length >= sizeBytes) {
      const size = this.#checked(rest.readInt32BE(0));
      if (rest.length < sizeBytes + size) {
        this.#frame = Buffer.allocUnsafeSlow(size);
        this.#filled = rest.copy(this.#frame, 0, sizeBytes);
        return;
      }
      onFrame(rest.subarray(sizeBytes, sizeBytes + size));
      rest = rest.subarray(sizeBytes + size);
    }
    if (rest.length > 0) this.#head = Buffer.from(rest);
  }

  #fill(chunk: Buffer, onFrame: (frame: Buffer) => void): Buffer {
    const frame = this.#frame;
    if (frame === undefined) return chunk;
    const taken = chunk.copy(frame, this.#filled);
    this.#filled += taken;
    if (this.#filled === frame.length) {
      this.#frame = undefined;
      onFrame(frame);
    }
    return chunk.subarray(taken);
  }

  #checked(size: number): number {
    const sizeMax = this.#frameBytesMax();
    if (size >= 0 && size <= sizeMax) return size;
    const guess = size >>> 16 === tlsHandshake ? ': the client speaks TLS, and this listener does not' : '';
    throw new MillraceError('KAFKA_PROTOCOL_INVALID', `a request claims ${size} bytes; 0 to ${sizeMax} are legal${guess}`, {
      details: { size },
    });
  }
}
