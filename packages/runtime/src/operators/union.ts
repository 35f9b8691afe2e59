import type { Chunk } from '@millrace/data';
import type { Mark, Output } from './operator.ts';

/**
 * One input of a union. Its chunks are handed on; of its marks only what holds for the whole: ticks, and the end of the last
 * input. What it knows of event time does not: an input comes after another has ended.
 */
export class UnionInput implements Output {
  readonly #isLast: boolean;
  readonly #out: Output;
  hasEnded = false;

  constructor(isLast: boolean, out: Output) {
    this.#isLast = isLast;
    this.#out = out;
  }

  chunk({ rowCount, columns }: Chunk): void {
    this.#out.chunk({ rowCount, columns });
  }

  mark(mark: Mark): void {
    if (mark.kind === 'end') this.hasEnded = true;
    if (mark.kind === 'tick' || (mark.kind === 'end' && this.#isLast)) this.#out.mark(mark);
  }
}
