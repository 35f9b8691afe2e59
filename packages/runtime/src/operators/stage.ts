import type { Chunk } from '@millrace/data';
import type { Mark, Operator, Output } from './operator.ts';

/** An operator in its place: bound to where its results go, and counted. */
export class Stage implements Output {
  readonly operator: Operator;
  readonly #out: Output;
  rowsIn = 0;
  rowsOut = 0;

  constructor(operator: Operator, out: Output) {
    this.operator = operator;
    this.#out = {
      chunk: (chunk) => {
        this.rowsOut += chunk.rowCount;
        out.chunk(chunk);
      },
      mark: (mark) => out.mark(mark),
    };
  }

  chunk(chunk: Chunk): void {
    this.rowsIn += chunk.rowCount;
    this.operator.onChunk(chunk, this.#out);
  }

  mark(mark: Mark): void {
    this.operator.onMark(mark, this.#out);
  }
}
