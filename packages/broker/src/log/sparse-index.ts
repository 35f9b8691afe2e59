/** A place in a segment where a batch begins. */
export interface IndexEntry {
  /** Base offset of the batch, less that of the segment. */
  readonly relativeOffset: number;
  /** Byte position of the batch in the segment. */
  readonly position: number;
  /** Highest record timestamp of the batches before this one; −1 if there are none. */
  readonly maxTimestampBefore: number;
}

const entrySizeBytes = 16;

/**
 * Finds batches of one segment by offset, by timestamp or by position: an entry every few kilobytes, the rest is a short walk.
 * All three columns never decrease, so each is searched by halving.
 */
export class SparseIndex {
  #count = 0;
  #relativeOffsets = new Uint32Array(16);
  #positions = new Uint32Array(16);
  #maxTimestampsBefore = new Float64Array(16);

  get count(): number {
    return this.#count;
  }

  get lastPosition(): number {
    return this.#count === 0 ? -1 : this.#positions[this.#count - 1]!;
  }

  add(relativeOffset: number, position: number, maxTimestampBefore: number): void {
    if (this.#count === this.#positions.length) this.#grow();
    this.#relativeOffsets[this.#count] = relativeOffset;
    this.#positions[this.#count] = position;
    this.#maxTimestampsBefore[this.#count] = maxTimestampBefore;
    this.#count++;
  }

  /** Position of the last indexed batch that begins at or before the offset; 0 if there is none. */
  positionForOffset(relativeOffset: number): number {
    const after = upperBound(this.#relativeOffsets, this.#count, relativeOffset);
    return after === 0 ? 0 : this.#positions[after - 1]!;
  }

  /** Position of an indexed batch before which every record is older than the timestamp. */
  positionForTimestamp(timestamp: number): number {
    // The largest entry with maxTimestampBefore < timestamp; whole numbers, so "<" is "<= timestamp − 1".
    const after = upperBound(this.#maxTimestampsBefore, this.#count, timestamp - 1);
    return after === 0 ? 0 : this.#positions[after - 1]!;
  }

  /** The last indexed batch boundary at or before a byte position; 0 if there is none. */
  boundaryBefore(position: number): number {
    const after = upperBound(this.#positions, this.#count, position);
    return after === 0 ? 0 : this.#positions[after - 1]!;
  }

  /** The entries of batches that begin before `position`, as bytes. */
  encode(position: number): Buffer {
    const count = upperBound(this.#positions, this.#count, position - 1);
    const bytes = Buffer.allocUnsafe(count * entrySizeBytes);
    for (let i = 0; i < count; i++) {
      bytes.writeUInt32BE(this.#relativeOffsets[i]!, i * entrySizeBytes);
      bytes.writeUInt32BE(this.#positions[i]!, i * entrySizeBytes + 4);
      bytes.writeDoubleBE(this.#maxTimestampsBefore[i]!, i * entrySizeBytes + 8);
    }
    return bytes;
  }

  static decode(bytes: Buffer): SparseIndex {
    const index = new SparseIndex();
    for (let at = 0; at + entrySizeBytes <= bytes.length; at += entrySizeBytes) {
      index.add(bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4), bytes.readDoubleBE(at + 8));
    }
    return index;
  }

  #grow(): void {
    const capacity = this.#positions.length * 2;
    const relativeOffsets = new Uint32Array(capacity);
    const positions = new Uint32Array(capacity);
    const maxTimestampsBefore = new Float64Array(capacity);
    relativeOffsets.set(this.#relativeOffsets);
    positions.set(this.#positions);
    maxTimestampsBefore.set(this.#maxTimestampsBefore);
    this.#relativeOffsets = relativeOffsets;
    this.#positions = positions;
    this.#maxTimestampsBefore = maxTimestampsBefore;
  }
}

/** Index of the first value above `limit` among the first `count`, which never decrease. */
function upperBound(values: Uint32Array | Float64Array, count: number, limit: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
