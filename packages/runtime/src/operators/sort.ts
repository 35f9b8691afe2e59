import { type Chunk, chunkSizeBytes, concatColumns } from '@millrace/data';
import type { SortNode } from '@millrace/planner';
import { withoutRows } from '../expression/row-failure.ts';
import { type Mark, noLosses, type Operator, type OperatorContext, type Output } from './operator.ts';
import { RowOrder } from './row-order.ts';
import { takeRows } from './take-rows.ts';

/** With a limit: so many times the limit are kept before what cannot be among the first is thrown away. */
const slack = 4;
const minKeptRows = 8192;

/** Sorts everything, to be handed on at the end of the input, or each chunk (`emission`). Keeps `limit` rows at most if there is one. */
export class Sort implements Operator {
  readonly name = 'sort';
  readonly losses = noLosses();
  readonly wakeAtMs = Number.POSITIVE_INFINITY;
  /** Of bounded input all is kept until the end; of each emission nothing is: neither has a state to resume. */
  readonly state = null;
  readonly #order: RowOrder;
  readonly #scope: SortNode['scope'];
  readonly #limit: number;
  #kept: Chunk[] = [];
  #keptRows = 0;
  sizeBytes = 0;

  constructor({ keys, limit, scope }: SortNode, { kernels, memory }: OperatorContext) {
    this.#order = new RowOrder(keys, kernels);
    this.#scope = scope;
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    memory.register(this);
  }

  get bufferedRows(): number {
    return this.#keptRows;
  }

  onChunk(chunk: Chunk, out: Output): void {
    if (this.#scope === 'emission') {
      const sorted = this.#sort(chunk);
      withoutRows(() => out.chunk(sorted));
      return;
    }
    this.#keep(owned([chunk]));
    if (this.#keptRows > Math.max(minKeptRows, slack * this.#limit)) this.#compact();
  }

  onMark(mark: Mark, out: Output): void {
    if (mark.kind === 'end' && this.#keptRows > 0) {
      const sorted = this.#sort(owned(this.#kept));
      this.#forget();
      withoutRows(() => out.chunk(sorted));
    }
    out.mark(mark);
  }

  #sort(chunk: Chunk): Chunk {
    const count = Math.min(chunk.rowCount, this.#limit);
    this.losses.filtered += chunk.rowCount - count;
    return takeRows(chunk, this.#order.sorted(chunk), count);
  }

  #compact(): void {
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    const kept = owned([this.#sort(owned(this.#kept))]);
    this.#forget();
    this.#keep(kept);
  }

  #keep(chunk: Chunk): void {
    this.#kept.push(chunk);
    this.#keptRows += chunk.rowCount;
    this.sizeBytes += chunkSizeBytes(chunk);
  }

  #forget(): void {
    this.#kept = [];
    this.#keptRows = 0;
    this.sizeBytes = 0;
  }
}

/** One chunk of all rows, copied: a slice would keep the fetched bytes alive. */
function owned(chunks: readonly Chunk[]): Chunk {
  const rowCount = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  const columns = chunks[0]!.columns.map((_, i) =>
    concatColumns(chunks.map((chunk) => ({ column: chunk.columns[i]!, rowCount: chunk.rowCount }))),
  );
  return { rowCount, columns };
}
