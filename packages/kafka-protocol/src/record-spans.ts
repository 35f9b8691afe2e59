/** A header of a record. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/**
 * Records by columns: positions of keys and values in one buffer, without an object per record.
 * Made to be filled again and again; reading from a span that was cleared since is an error of the reader.
 * Units: timestamps in ms since the epoch. A start of -1 is a null key or value.
 */
export class RecordSpans {
  /** What all positions point into: the fetched bytes themselves, or a batch's records decompressed. */
  bytes: Buffer = Buffer.alloc(0);
  /** How many records there are; the columns may be longer. */
  count = 0;
  offsets: Float64Array;
  timestamps: Float64Array;
  keyStarts: Int32Array;
  keyEnds: Int32Array;
  valueStarts: Int32Array;
  valueEnds: Int32Array;
  /** Where the first header begins (its key's length); meaningless without headers. */
  headerStarts: Int32Array;
  headerCounts: Int32Array;

  constructor(capacity = 1024) {
    this.offsets = new Float64Array(capacity);
    this.timestamps = new Float64Array(capacity);
    this.keyStarts = new Int32Array(capacity);
    this.keyEnds = new Int32Array(capacity);
    this.valueStarts = new Int32Array(capacity);
    this.valueEnds = new Int32Array(capacity);
    this.headerStarts = new Int32Array(capacity);
    this.headerCounts = new Int32Array(capacity);
  }

  /** Forgets the records (and lets go of the bytes), keeps the columns' memory. */
  clear(): void {
    this.count = 0;
    this.bytes = noBytes;
  }

  /** Makes room for `count` records in all. */
  reserve(count: number): void {
    if (count <= this.offsets.length) return;
    const capacity = Math.max(count, this.offsets.length * 2);
    this.offsets = grown(this.offsets, new Float64Array(capacity));
    this.timestamps = grown(this.timestamps, new Float64Array(capacity));
    this.keyStarts = grown(this.keyStarts, new Int32Array(capacity));
    this.keyEnds = grown(this.keyEnds, new Int32Array(capacity));
    this.valueStarts = grown(this.valueStarts, new Int32Array(capacity));
    this.valueEnds = grown(this.valueEnds, new Int32Array(capacity));
    this.headerStarts = grown(this.headerStarts, new Int32Array(capacity));
    this.headerCounts = grown(this.headerCounts, new Int32Array(capacity));
  }

  /** The key of a record as a slice; for edges, not for inner loops. */
  key(index: number): Buffer | null {
    return this.keyStarts[index]! < 0 ? null : this.bytes.subarray(this.keyStarts[index], this.keyEnds[index]);
  }

  /** The value of a record as a slice; for edges, not for inner loops. */
  value(index: number): Buffer | null {
    return this.valueStarts[index]! < 0 ? null : this.bytes.subarray(this.valueStarts[index], this.valueEnds[index]);
  }
}

const noBytes = Buffer.alloc(0);

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
