import type { Chunk } from '@millrace/data';
import type { EncodedRows, RecordEncoder } from '../ports.ts';
import { OutputBuffer } from '../write/output-buffer.ts';
import type { RowWriter } from '../write/row-writer.ts';

/** Encodes rows one behind the other into one buffer. */
export class RowRecordEncoder implements RecordEncoder {
  readonly #write: RowWriter;
  readonly #out = new OutputBuffer(64 * 1024);

  constructor(write: RowWriter) {
    this.#write = write;
  }

  encode(chunk: Chunk): EncodedRows {
    const out = this.#out;
    const starts = new Int32Array(chunk.rowCount);
    const ends = new Int32Array(chunk.rowCount);
    for (let row = 0; row < chunk.rowCount; row++) {
      starts[row] = out.length;
      this.#write(out, chunk, row);
      ends[row] = out.length;
    }
    return { bytes: out.take(), starts, ends };
  }
}
