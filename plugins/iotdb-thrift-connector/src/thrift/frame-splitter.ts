import { ThriftError } from './thrift-error.ts';

/** Longest frame that IoTDB takes unless it is told otherwise (`dn_thrift_max_frame_size`): 512 MiB. */
export const frameSizeMax = 512 * 1024 * 1024;

/** Cuts what comes over a connection into frames: a length of four bytes before each. */
export class FrameSplitter {
  readonly #sizeMax: number;
  #pieces: Buffer[] = [];
  #size = 0;

  /** @param sizeMax longer frames are refused */
  constructor(sizeMax: number = frameSizeMax) {
    this.#sizeMax = sizeMax;
  }

  /** @returns the frames that are complete, without their lengths. @throws {ThriftError} if one is too long, as what is not Thrift looks */
  push(data: Buffer): Buffer[] {
    this.#pieces.push(data);
    this.#size += data.length;
    const frames: Buffer[] = [];
    for (let frame = this.#take(); frame !== null; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): Buffer | null {
    if (this.#size < 4) return null;
    if (this.#pieces[0]!.length < 4) this.#join();
    const size = this.#pieces[0]!.readInt32BE(0);
    if (size < 0 || size > this.#sizeMax)
      throw new ThriftError(`a frame of ${size >>> 0} bytes, at most ${this.#sizeMax} are allowed: not framed Thrift?`);
    if (this.#size < 4 + size) return null;
    this.#join();
    const frame = this.#pieces[0]!.subarray(4, 4 + size);
    this.#pieces = [this.#pieces[0]!.subarray(4 + size)];
    this.#size -= 4 + size;
    return frame;
  }

  #join(): void {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
  }
}
