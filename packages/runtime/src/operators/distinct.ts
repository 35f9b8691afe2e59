import { type Chunk, formatDataType, GroupTable } from '@millrace/data';
import type { DistinctNode } from '@millrace/planner';
import { throughRows } from '../expression/row-failure.ts';
import { OneBucket } from '../state/one-bucket.ts';
import type { OperatorState } from '../state/operator-state.ts';
import { type Mark, noLosses, type Operator, type OperatorContext, type Output } from './operator.ts';
import { takeRows } from './take-rows.ts';

/** Passes each distinct row once: for the life of the query, within its memory bound, or within each chunk (`emission`). */
export class Distinct implements Operator {
  readonly name = 'distinct';
  readonly losses = noLosses();
  readonly wakeAtMs = Number.POSITIVE_INFINITY;
  readonly bufferedRows = 0;
  readonly #scope: DistinctNode['scope'];
  readonly #table: GroupTable;
  readonly #saved: OneBucket | null;
  #groups = new Int32Array(0);

  constructor({ schema, scope }: DistinctNode, { memory, keepsState }: OperatorContext) {
    this.#scope = scope;
    const keyTypes = schema.map(({ type }) => type);
    this.#table = new GroupTable(keyTypes);
    const text = `distinct, format 1; rows (${keyTypes.map(formatDataType).join(', ')})`;
    const groups = { table: this.#table, keyTypes, fixedParts: [], parts: [] };
    this.#saved = keepsState && scope === 'whole' ? new OneBucket(this.name, text, groups) : null;
    memory.register(this);
  }

  get state(): OperatorState | null {
    return this.#saved?.state ?? null;
  }

  get sizeBytes(): number {
    return this.#table.sizeBytes;
  }

  onChunk(chunk: Chunk, out: Output): void {
    if (this.#groups.length < chunk.rowCount) this.#groups = new Int32Array(chunk.rowCount);
    const groups = this.#groups;
    // Nothing is ever released, so a group number not given before is a row not seen before.
    let known = this.#table.indexBound;
    this.#table.intern(chunk.columns, chunk.rowCount, groups);
    const rows = new Int32Array(this.#table.indexBound - known);
    let count = 0;
    for (let row = 0; count < rows.length; row++) {
      if (groups[row] !== known) continue;
      rows[count++] = row;
      known++;
    }
    if (this.#scope === 'emission') this.#table.clear();
    this.losses.filtered += chunk.rowCount - count;
    if (count === chunk.rowCount) out.chunk(chunk);
    else if (count > 0) throughRows(rows, () => out.chunk(takeRows(chunk, rows, count)));
  }

  onMark(mark: Mark, out: Output): void {
    out.mark(mark);
  }
}
