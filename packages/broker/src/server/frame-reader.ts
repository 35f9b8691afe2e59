import { MillraceError } from '@millrace/core';

const sizeBytes = 4;
/** A frame that claims to be larger gets more memory only as it arrives. */
const promisedBytesMax = 1024 * 1024;
/** What a client that begins with TLS sends first: a record of the handshake, of version 3. */
const tlsHandshake = 0x1603;
const httpVerbs = new Set(['GET ', 'POST', 'PUT ', 'HEAD', 'OPTI'].map((verb) => Buffer.from(verb).readInt32BE()));

/**
 * Cuts a stream of bytes into frames: four bytes of size, then the frame.
 * A frame that arrives in one piece is a slice of it; a larger one is gathered.
 */
export class FrameReader {
  readonly #frameBytesMax: () => number;
  #frame: Buffer | undefined;
  #filled = 0;
  #size = 0;
  #head: Buffer = Buffer.alloc(0);

  /** @param frameBytesMax asked anew for each frame. */
  constructor(frameBytesMax: () => number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** True while some of a frame has come, but not all of it. */
  get isWithinFrame(): boolean {
    return this.#frame !== undefined || this.#head.length > 0;
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
        this.#size = size;
        this.#frame = Buffer.allocUnsafeSlow(Math.min(size, promisedBytesMax));
        this.#filled = 0;
        this.#gather(rest.subarray(sizeBytes));
        return;
      }
      onFrame(rest.subarray(sizeBytes, sizeBytes + size));
      rest = rest.subarray(sizeBytes + size);
    }
    if (rest.length > 0) this.#head = Buffer.from(rest);
  }

  #fill(chunk: Buffer, onFrame: (frame: Buffer) => void): Buffer {
    if (this.#frame === undefined) return chunk;
    const taken = this.#gather(chunk);
    if (this.#filled === this.#size) {
      const whole = this.#frame!;
      this.#frame = undefined;
      onFrame(whole);
    }
    return chunk.subarray(taken);
  }

  /** Takes as much of a chunk as belongs to the frame; memory grows with what has come. */
  #gather(chunk: Buffer): number {
    const wanted = Math.min(chunk.length, this.#size - this.#filled);
    let frame = this.#frame!;
    if (this.#filled + wanted > frame.length) {
      const capacity = Math.min(this.#size, Math.max(frame.length * 2, this.#filled + wanted));
      const grown = Buffer.allocUnsafeSlow(capacity);
      frame.copy(grown, 0, 0, this.#filled);
      this.#frame = frame = grown;
    }
    chunk.copy(frame, this.#filled, 0, wanted);
    this.#filled += wanted;
    return wanted;
  }

  #checked(size: number): number {
    const sizeMax = this.#frameBytesMax();
    if (size >= 0 && size <= sizeMax) return size;
    throw new MillraceError('KAFKA_PROTOCOL_INVALID', `a request claims ${size} bytes; 0 to ${sizeMax} are legal${guessOf(size)}`, {
      details: { size },
    });
  }
}

/** What a client may speak in place of Kafka's protocol, by what stands where the size of a request does. */
function guessOf(size: number): string {
  if (size >>> 16 === tlsHandshake) return ': the client speaks TLS, and this listener does not';
  return httpVerbs.has(size) ? ': the client speaks HTTP, and this is the port of Kafka' : '';
}
