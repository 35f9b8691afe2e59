import type { Chunk } from '@millrace/data';
import type { ResultEncoder, ResultStatistics } from '../ports.ts';
import { OutputBuffer } from '../write/output-buffer.ts';
import type { RowWriter } from '../write/row-writer.ts';

/** What a format puts around its rows. */
export interface RowFrame {
  readonly contentType: string;
  readonly start: string;
  readonly betweenRows: string;
  readonly afterRow: string;
  end(statistics: ResultStatistics): string;
  exception(text: string): string;
}

/** Result formats that write row after row. */
export class RowResultEncoder implements ResultEncoder {
  readonly contentType: string;
  readonly #write: RowWriter;
  readonly #frame: RowFrame;
  readonly #out = new OutputBuffer();
  #isFirst = true;

  constructor(write: RowWriter, frame: RowFrame) {
    this.contentType = frame.contentType;
    this.#write = write;
    this.#frame = frame;
  }

  start(): Buffer {
    return Buffer.from(this.#frame.start);
  }

  encode(chunk: Chunk): Buffer {
    const out = this.#out;
    for (let row = 0; row < chunk.rowCount; row++) {
      if (!this.#isFirst) out.latin1(this.#frame.betweenRows);
      this.#isFirst = false;
      this.#write(out, chunk, row);
      out.latin1(this.#frame.afterRow);
    }
    return out.take();
  }

  end(statistics: ResultStatistics): Buffer {
    return Buffer.from(this.#frame.end(statistics));
  }

  exception(text: string): Buffer {
    return Buffer.from(this.#frame.exception(text));
  }
}

/** `{"exception": "…"}` as a line of its own. */
export function exceptionLine(text: string): string {
  return `${JSON.stringify({ exception: text })}\n`;
}

/** A block that no row can be taken for. */
export function exceptionBlock(text: string): string {
  return `\r\n__exception__\r\n${text}\r\n__exception__\r\n`;
}
