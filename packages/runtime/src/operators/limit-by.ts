import { type Chunk, formatDataType, GroupTable } from '@millrace/data';
import type { LimitByNode } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { throughRows } from '../expression/row-failure.ts';
import { OneBucket } from '../state/one-bucket.ts';
import type { OperatorState } from '../state/operator-state.ts';
import type { GroupPart } from '../state/saved-groups.ts';
import { type Mark, noLosses, type Operator, type OperatorContext, type Output } from './operator.ts';
import { takeRows } from './take-rows.ts';

/** Passes the first rows of each value of the keys: of everything, or of each chunk (`emission`). */
export class LimitBy implements Operator {
  readonly name = 'limit by';
  readonly losses = noLosses();
  readonly wakeAtMs = Number.POSITIVE_INFINITY;
  readonly bufferedRows = 0;
  readonly #node: LimitByNode;
  readonly #keys: Projection;
  readonly #table: GroupTable;
  readonly #saved: OneBucket | null;
  /** By group: how many rows were passed. */
  #counts = new Int32Array(64);
  #groups = new Int32Array(0);

  constructor(node: LimitByNode, { kernels, memory, keepsState }: OperatorContext) {
    this.#node = node;
    this.#keys = compileProjection(node.keys, kernels);
    this.#table = new GroupTable(node.keys.map(({ type }) => type));
    this.#saved = keepsState && node.scope === 'whole' ? this.#createSaved() : null;
    memory.register(this);
  }

  get state(): OperatorState | null {
    return this.#saved?.state ?? null;
  }

  get sizeBytes(): number {
    return this.#table.sizeBytes + this.#counts.byteLength;
  }

  onChunk(chunk: Chunk, out: Output): void {
    if (this.#groups.length < chunk.rowCount) this.#groups = new Int32Array(chunk.rowCount);
    this.#table.intern(this.#keys(chunk), chunk.rowCount, this.#groups);
    this.#makeRoom(this.#table.indexBound);
    const rows = new Int32Array(chunk.rowCount);
    let count = 0;
    for (let row = 0; row < chunk.rowCount; row++) {
      const group = this.#groups[row]!;
      if (this.#counts[group]! >= this.#node.limit) continue;
      this.#counts[group]! += 1;
      rows[count++] = row;
    }
    if (this.#saved !== null) this.#touch(this.#saved, rows, count);
    if (this.#node.scope === 'emission') this.#forget();
    this.losses.filtered += chunk.rowCount - count;
    if (count > 0) throughRows(rows, () => out.chunk(takeRows(chunk, rows, count)));
  }

  onMark(mark: Mark, out: Output): void {
    out.mark(mark);
  }

  /** What changed are the groups whose rows were passed. */
  #touch(saved: OneBucket, rows: Int32Array, count: number): void {
    saved.touch(
      rows.subarray(0, count).map((row) => this.#groups[row]!),
      count,
    );
  }

  #createSaved(): OneBucket {
    const keyTypes = this.#node.keys.map(({ type }) => type);
    const schema = `limit by, format 1; ${this.#node.limit} rows of each (${keyTypes.map(formatDataType).join(', ')})`;
    const counts: GroupPart = {
      resize: (count) => this.#makeRoom(count),
      save: (from, to, { out }) => out.counts(this.#counts, from, to),
      load: (from, to, states) => states.in.counts(this.#counts, from, to),
    };
    return new OneBucket(this.name, schema, { table: this.#table, keyTypes, fixedParts: [], parts: [counts] });
  }

  #makeRoom(groupCount: number): void {
    if (this.#counts.length >= groupCount) return;
    const counts = new Int32Array(groupCount * 2);
    counts.set(this.#counts);
    this.#counts = counts;
  }

  #forget(): void {
    this.#counts.fill(0, 0, this.#table.indexBound);
    this.#table.clear();
  }
}
