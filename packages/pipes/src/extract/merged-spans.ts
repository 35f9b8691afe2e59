import type { RecordSpans } from '@millrace/kafka-protocol';

const firstBytes = 256 * 1024;

/**
 * Puts records of several buffers together into one, as those of compressed batches are: each batch is decompressed into a buffer of its own,
 * and small ones would go through the stages one by one.
 */
export class MergedSpans {
  /** What the spans point into once something was merged; fresh memory for each, as somebody may still look at the last. */
  #bytes: Buffer | undefined;
  #length = 0;

  /** What is merged next begins anew. */
  clear(): void {
    this.#bytes = undefined;
    this.#length = 0;
  }

  /** Appends records of another buffer. @param into empty, or not of the buffer of `from` */
  append(into: RecordSpans, from: RecordSpans): void {
    if (this.#bytes === undefined) this.#add(into.count === 0 ? noBytes : into.bytes);
    const shift = this.#length;
    this.#add(from.bytes);
    into.reserve(into.count + from.count);
    for (let i = 0, to = into.count; i < from.count; i++, to++) {
      into.offsets[to] = from.offsets[i]!;
      into.timestamps[to] = from.timestamps[i]!;
      const [keyStart, valueStart] = [from.keyStarts[i]!, from.valueStarts[i]!];
      into.keyStarts[to] = keyStart < 0 ? -1 : keyStart + shift;
      into.keyEnds[to] = from.keyEnds[i]! + shift;
      into.valueStarts[to] = valueStart < 0 ? -1 : valueStart + shift;
      into.valueEnds[to] = from.valueEnds[i]! + shift;
      into.headerStarts[to] = from.headerStarts[i]! + shift;
      into.headerCounts[to] = from.headerCounts[i]!;
    }
    into.count += from.count;
    into.bytes = this.#bytes!;
  }

  #add(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (this.#bytes === undefined || this.#bytes.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(firstBytes, needed * 2));
      this.#bytes?.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    bytes.copy(this.#bytes, this.#length);
    this.#length = needed;
  }
}

const noBytes = Buffer.alloc(0);
