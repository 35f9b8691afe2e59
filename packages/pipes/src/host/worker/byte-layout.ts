/** Lanes of 64 bits stand at multiples of this. */
const alignment = 8;

/** Lays lanes out in one buffer: what crosses a thread border then is one transfer. First everything is reserved, then filled. */
export class ByteLayout {
  #length = 0;

  /** @returns where it stands */
  reserve(byteLength: number): number {
    const at = this.#length;
    this.#length += Math.ceil(byteLength / alignment) * alignment;
    return at;
  }

  allocate(): ArrayBuffer {
    return new ArrayBuffer(this.#length);
  }
}
