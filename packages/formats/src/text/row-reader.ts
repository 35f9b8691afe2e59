import { MillraceError } from '@millrace/core';
import type { Chunk } from '@millrace/data';
import type { DecodeFailure, TextReader } from '../ports.ts';

/** What reads the rows of a body one by one, from some position on. */
export interface RowSource {
  /** Called first, with the whole text; gives where the rows begin (behind a header). */
  begin(text: Buffer): number;
  /** Appends the row that begins at `at`; gives where the next one begins, −1 at the end of the text, or `null` if it failed. */
  next(at: number): number | null;
  readonly failure: DecodeFailure;
  finish(): Chunk;
}

/** Reads a whole body, or nothing of it. */
export class WholeTextReader implements TextReader {
  readonly #source: RowSource;
  readonly #format: string;

  constructor(format: string, source: RowSource) {
    this.#format = format;
    this.#source = source;
  }

  read(text: Buffer): Chunk {
    const source = this.#source;
    try {
      let row = 0;
      for (let at: number | null = source.begin(text); at >= 0; ) {
        row++;
        at = source.next(at);
        if (at === null) throw this.#refuse(row, source.failure);
      }
    } catch (failure) {
      source.finish();
      throw failure;
    }
    return source.finish();
  }

  #refuse(row: number, { message, column, at }: DecodeFailure): MillraceError {
    const place = column === null ? `row ${row}` : `row ${row}, column ${column}`;
    return new MillraceError('DATA_UNDECODABLE', `${place}: ${message}`, {
      details: { row, column, at, format: this.#format },
      hint: 'nothing of the data was stored',
    });
  }
}
