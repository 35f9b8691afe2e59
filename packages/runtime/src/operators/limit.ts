import type { Chunk } from '@millrace/data';
import type { LimitNode } from '@millrace/planner';
import { shiftedBy } from '../expression/row-failure.ts';
import { OneBucket } from '../state/one-bucket.ts';
import type { OperatorState } from '../state/operator-state.ts';
import { type Mark, noLosses, type Operator, type OperatorContext, type Output } from './operator.ts';
import { sliceChunk } from './take-rows.ts';

/**
 * Passes rows offset … offset + limit − 1: of everything, and then ends what is downstream (its source is told by the mark
 * that arrives there), or of each chunk (`emission`).
 */
export class Limit implements Operator {
  readonly name = 'limit';
  readonly losses = noLosses();
  readonly wakeAtMs = Number.POSITIVE_INFINITY;
  readonly bufferedRows = 0;
  readonly state: OperatorState | null;
  readonly #scope: LimitNode['scope'];
  readonly #offset: number;
  readonly #end: number;
  #seen = 0;
  #ended = false;

  constructor({ limit, offset, scope }: LimitNode, { keepsState }: Pick<OperatorContext, 'keepsState'>) {
    this.#scope = scope;
    this.#offset = offset;
    this.#end = limit === null ? Number.POSITIVE_INFINITY : offset + limit;
    this.state = keepsState && scope === 'whole' ? this.#createState() : null;
  }

  onChunk(chunk: Chunk, out: Output): void {
    const before = this.#scope === 'emission' ? 0 : this.#seen;
    this.#seen += chunk.rowCount;
    const start = Math.min(chunk.rowCount, Math.max(0, this.#offset - before));
    const end = Math.max(start, Math.min(chunk.rowCount, this.#end - before));
    this.losses.filtered += chunk.rowCount - (end - start);
    // What lies above a limit is moved by as many rows as were left out before it.
    if (end > start) shiftedBy(start, () => out.chunk(sliceChunk(chunk, start, end)));
    this.#endIfFull(out);
  }

  onMark(mark: Mark, out: Output): void {
    if (this.#ended) return;
    if (mark.kind === 'end') this.#ended = true;
    out.mark(mark);
    // LIMIT 0 is full before the first row.
    this.#endIfFull(out);
  }

  #endIfFull(out: Output): void {
    if (this.#ended || this.#scope === 'emission' || this.#seen < this.#end) return;
    this.#ended = true;
    out.mark({ kind: 'end' });
  }

  /** Whether it has ended follows from the count: the first that comes after a restart tells it. */
  #createState(): OperatorState {
    return new OneBucket(this.name, 'limit, format 1; rows seen', null, {
      // Beyond that, more rows change nothing.
      writeScalars: (out) => out.count(Math.min(this.#seen, this.#end === Number.POSITIVE_INFINITY ? this.#offset : this.#end)),
      readScalars: (from) => {
        this.#seen = from.count();
      },
      restored: () => {},
    }).state;
  }
}
