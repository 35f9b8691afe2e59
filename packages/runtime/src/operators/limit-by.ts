import { type Chunk, GroupTable } from '@millrace/data';
import type { LimitByNode } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { throughRows } from '../expression/row-failure.ts';
import type { OperatorState } from '../state/operator-state.ts';
import { type Mark, noLosses, type Operator, type OperatorContext, type Output } from './operator.ts';
import { takeRows } from './take-rows.ts';

/** Passes the first rows of each value of the keys: of everything, or of each chunk (`emission`). */
export class LimitBy implements Operator {
  readonly name = 'limit by';
  readonly losses = noLosses();
  readonly wakeAtMs = Number.POSITIVE_INFINITY;
  readonly bufferedRows = 0;
  readonly state: OperatorState | null = null;
  readonly #node: LimitByNode;
  readonly #keys: Projection;
  readonly #table: GroupTable;
  #counts = new Int32Array(64);
  #groups = new Int32Array(0);

  constructor(node: LimitByNode, { kernels, memory }: OperatorContext) {
    this.#node = node;
    this.#keys = compileProjection(node.keys, kernels);
    this.#table = new GroupTable(node.keys.map(({ type }) => type));
    memory.register(this);
  }

  get sizeBytes(): number {
    return this.#table.sizeBytes + this.#counts.byteLength;
  }

  onChunk(chunk: Chunk, out: Output): void {
    if (this.#groups.length < chunk.rowCount) this.#groups = new Int32Array(chunk.rowCount);
    this.#table.intern(this.#keys(chunk), chunk.rowCount, this.#groups);
    this.#makeRoom();
    const rows = new Int32Array(chunk.rowCount);
    let count = 0;
    for (let row = 0; row < chunk.rowCount; row++) {
      const seen = this.#counts[this.#groups[row]!]!++;
      if (seen < this.#node.limit) rows[count++] = row;
    }
    if (this.#node.scope === 'emission') this.#forget();
    this.losses.filtered += chunk.rowCount - count;
    if (count > 0) throughRows(rows, () => out.chunk(takeRows(chunk, rows, count)));
  }

  onMark(mark: Mark, out: Output): void {
    out.mark(mark);
  }

  #makeRoom(): void {
    if (this.#counts.length >= this.#table.indexBound) return;
    const counts = new Int32Array(this.#table.indexBound * 2);
    counts.set(this.#counts);
    this.#counts = counts;
  }

  #forget(): void {
    this.#counts.fill(0, 0, this.#table.indexBound);
    this.#table.clear();
  }
}
