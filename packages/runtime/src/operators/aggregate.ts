import { type BinaryReader, type BinaryWriter, type Chunk, type Column, concatColumns } from '@millrace/data';
import type { AggregateNode, EmitPlan } from '@millrace/planner';
import { withoutRows } from '../expression/row-failure.ts';
import { type AggregateInput, AggregateProgram, rowOfInput } from '../state/aggregate-program.ts';
import { AggregateState, allGroups } from '../state/aggregate-state.ts';
import { ChangedGroups } from '../state/changed-groups.ts';
import { OneBucket, type Scalars } from '../state/one-bucket.ts';
import type { OperatorState } from '../state/operator-state.ts';
import { EmitTimer } from './emit-timer.ts';
import { type Mark, noLosses, type Operator, type OperatorContext, type Output } from './operator.ts';

/**
 * Groups all rows that ever come and aggregates them.
 *
 * When it hands results out, {@link EmitPlan} says. In the history it is silent; when that ends it shows what there is, once.
 * Shape: one row a group: keys, then aggregates; groups in the order of their first rows (ON UPDATE: of their changes).
 */
export class Aggregate implements Operator, Scalars {
  readonly name = 'aggregate';
  readonly losses = noLosses();
  readonly bufferedRows = 0;
  readonly #emit: EmitPlan;
  readonly #hasKeys: boolean;
  readonly #program: AggregateProgram;
  readonly #state: AggregateState;
  readonly #changed = new ChangedGroups();
  readonly #timer: EmitTimer;
  readonly #saved: OneBucket | null;
  #isDirty = false;

  constructor(node: AggregateNode, { kernels, clock, memory, keepsState }: OperatorContext) {
    this.#emit = node.emit;
    this.#hasKeys = node.keys.length > 0;
    this.#program = new AggregateProgram(node, kernels);
    this.#state = new AggregateState(this.#program);
    this.#timer = new EmitTimer(node.emit, clock);
    this.#saved = keepsState ? this.#createSaved() : null;
    memory.register(this);
  }

  get state(): OperatorState | null {
    return this.#saved?.state ?? null;
  }

  get sizeBytes(): number {
    return this.#state.sizeBytes + this.#changed.sizeBytes + (this.#saved?.sizeBytes ?? 0);
  }

  get wakeAtMs(): number {
    return this.#timer.wakeAtMs;
  }

  onChunk(chunk: Chunk, out: Output): void {
    const input = this.#program.input(chunk);
    if (this.#emit.when === 'event' && this.#timer.isLive) {
      this.#addOneByOne(input, out);
      return;
    }
    const groups = this.#state.add(input);
    this.#saved?.touch(groups, chunk.rowCount);
    this.#isDirty = true;
    if (this.#emit.when !== 'update') return;
    this.#changed.add(groups, chunk.rowCount, this.#state.groupCount);
    this.#timer.changed();
    if (this.#timer.isDue()) this.#emitChanged(out);
  }

  onMark(mark: Mark, out: Output): void {
    if (mark.kind === 'live') {
      if (!this.#timer.isLive) this.#goLive(out);
    } else if (mark.kind === 'tick' && this.#timer.isDue()) this.#onDue(out);
    else if (mark.kind === 'end') this.#onEnd(out);
    out.mark(mark);
  }

  #goLive(out: Output): void {
    if (this.#emit.when !== 'end' && this.#isDirty) this.#emitAll(out);
    this.#timer.goLive();
  }

  #onDue(out: Output): void {
    if (this.#emit.when === 'update') {
      this.#emitChanged(out);
      return;
    }
    const repeats = this.#emit.when === 'periodic' && this.#emit.repeat;
    if (this.#state.groupCount > 0 && (this.#isDirty || repeats)) this.#emitAll(out);
    this.#timer.emitted();
  }

  #onEnd(out: Output): void {
    if (this.#emit.when === 'end') {
      // Without keys there is one group, though no row may have made it.
      if (!this.#hasKeys) this.#state.intern([], 1);
      this.#emitAll(out);
    } else if (this.#emit.when === 'update' && this.#timer.isLive) this.#emitChanged(out);
    else if (this.#isDirty && this.#emit.when !== 'event') this.#emitAll(out);
  }

  #emitAll(out: Output): void {
    const count = this.#state.groupCount;
    this.#isDirty = false;
    this.#saved?.touch(this.#changed.groups, this.#changed.count);
    this.#changed.clear();
    if (count > 0) withoutRows(() => out.chunk({ rowCount: count, columns: this.#state.results(allGroups(count), count) }));
  }

  #emitChanged(out: Output): void {
    this.#saved?.touch(this.#changed.groups, this.#changed.count);
    const groups = this.#changed.take();
    this.#isDirty = false;
    this.#timer.emitted();
    if (groups.length === 0) return;
    withoutRows(() => out.chunk({ rowCount: groups.length, columns: this.#state.results(groups, groups.length) }));
  }

  #addOneByOne(input: AggregateInput, out: Output): void {
    const results: Column[][] = [];
    for (let row = 0; row < input.rowCount; row++) {
      const groups = this.#state.add(rowOfInput(input, row));
      this.#saved?.touch(groups, 1);
      results.push(this.#state.results(groups, 1));
    }
    if (results.length === 0) return;
    const columns = results[0]!.map((_, i) => concatColumns(results.map((row) => ({ column: row[i]!, rowCount: 1 }))));
    withoutRows(() => out.chunk({ rowCount: input.rowCount, columns }));
  }

  writeScalars(out: BinaryWriter): void {
    out.uint8(Number(this.#timer.isLive));
    out.uint8(Number(this.#isDirty));
  }

  readScalars(from: BinaryReader): void {
    this.#timer.isLive = from.uint8() !== 0;
    this.#isDirty = from.uint8() !== 0;
  }

  restored(): void {
    if (this.#timer.isLive) this.#timer.resume(this.#changed.count > 0);
  }

  #createSaved(): OneBucket {
    const { table, keyTypes, accumulators } = this.#state;
    const tracksChanges = this.#emit.when === 'update';
    const parts = tracksChanges ? [...accumulators, this.#changed] : accumulators;
    const schema = `aggregate, format 1; ${tracksChanges ? 'with changes' : 'whole'}; ${this.#program.schema}`;
    return new OneBucket(this.name, schema, { table, keyTypes, fixedParts: [], parts }, this);
  }
}
