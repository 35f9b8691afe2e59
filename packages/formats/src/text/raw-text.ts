import type { Chunk } from '@millrace/data';
import type { DecodeColumn, DecodeFailure, DecodeOptions } from '../ports.ts';
import { RawRecordDecoder } from './raw-record-decoder.ts';
import type { RowSource } from './row-reader.ts';

/** The whole body as one row: RawBLOB. */
export class RawText implements RowSource {
  readonly #decoder: RawRecordDecoder;
  #length = 0;

  constructor(columns: readonly DecodeColumn[], options: DecodeOptions) {
    this.#decoder = new RawRecordDecoder(columns, options);
  }

  get failure(): DecodeFailure {
    return this.#decoder.failure;
  }

  begin(text: Buffer): number {
    this.#length = text.length;
    this.#decoder.begin(text);
    return text.length === 0 ? -1 : 0;
  }

  next(): number | null {
    return this.#decoder.append(0, this.#length) ? -1 : null;
  }

  finish(): Chunk {
    const { rowCount } = this.#decoder;
    return { rowCount, columns: this.#decoder.finish() };
  }
}
