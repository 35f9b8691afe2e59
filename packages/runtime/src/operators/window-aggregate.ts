import {
  type BinaryReader,
  type BinaryWriter,
  type Chunk,
  type Column,
  concatColumns,
  constantColumn,
  isNullAt,
  temporalFromMs,
} from '@millrace/data';
import type { AggregateNode, EmitPlan, WindowPlan } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { throughRows, withoutRows } from '../expression/row-failure.ts';
import { type AggregateInput, AggregateProgram, rowOfInput, takeInput } from '../state/aggregate-program.ts';
import { AggregateState, allGroups } from '../state/aggregate-state.ts';
import { arrivalsPart, Bucket } from '../state/bucket.ts';
import { PaneAssigner } from '../state/pane-assigner.ts';
import { SavedGroups } from '../state/saved-groups.ts';
import { SavedState, type StateOwner } from '../state/saved-state.ts';
import { type Assigner, WindowAssigner } from '../state/window-assigner.ts';
import { paneLayout } from '../window/pane-layout.ts';
import { windowShape } from '../window/window-shape.ts';
import { EmitTimer } from './emit-timer.ts';
import { type Mark, noLosses, type Operator, type OperatorContext, type Output } from './operator.ts';
import { takeRows } from './take-rows.ts';

const maxLateSamples = 10;

type WindowedNode = AggregateNode & { readonly window: WindowPlan };

/**
 * Groups the rows of each window and aggregates them.
 *
 * A row is late, and counted as such, when all its windows are closed to it: by the watermark of its own partition before its
 * record batch (`chunk.lateBeforeMs`), or because the query has closed them already, which without idle partitions and time-outs
 * is never sooner. In a bounded query (`emit` end) no row is late.
 *
 * Shape: one chunk for each window handed out: window_start, window_end, keys, aggregates; windows by their ends, groups in the
 * order of their first rows. Units: event time in ms.
 * @see Akidau et al., The Dataflow Model, VLDB 2015, §2.2
 */
export class WindowAggregate implements Operator, StateOwner {
  readonly name = 'window aggregate';
  readonly losses = noLosses();
  readonly bufferedRows = 0;
  readonly state: SavedState | null;
  readonly #node: WindowedNode;
  readonly #context: OperatorContext;
  readonly #emit: EmitPlan;
  readonly #time: Projection;
  readonly #program: AggregateProgram;
  readonly #assigner: Assigner;
  readonly #timer: EmitTimer;
  readonly #slidesByMs: number;
  readonly #tracksChanges: boolean;
  #nextBucketId = 0;
  /** Windows that ended since the last period: they are shown at its end. */
  #endedInPeriod: Bucket[] = [];
  /** No window that ends here or before is open. */
  #closedMs = Number.NEGATIVE_INFINITY;
  #earliestEndMs = Number.POSITIVE_INFINITY;
  #arrivals = 0;
  #lastRowMs = 0;

  constructor(node: WindowedNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    this.#emit = node.emit;
    this.#time = compileProjection([node.window.time], context.kernels);
    this.#program = new AggregateProgram(node, context.kernels);
    const createBucket = (startMs: number, firstEndMs: number, lastEndMs: number) =>
      this.#createBucket(this.#nextBucketId++, startMs, firstEndMs, lastEndMs);
    const showsOnceOnly = node.emit.when === 'watermark' || node.emit.when === 'end';
    const overlaps = node.window.kind === 'hop';
    const layout = overlaps && showsOnceOnly && this.#program.merges ? paneLayout(node.window) : null;
    this.#slidesByMs = layout?.slideMs ?? 0;
    this.#assigner =
      layout === null ? new WindowAssigner(windowShape(node.window), overlaps, createBucket) : new PaneAssigner(layout, createBucket);
    this.#timer = new EmitTimer(node.emit, context.clock);
    this.#tracksChanges = node.emit.when === 'update' || node.emit.when === 'periodic';
    this.state = context.keepsState ? new SavedState(this, this.#schema()) : null;
    context.memory.register(this);
  }

  get sizeBytes(): number {
    let sizeBytes = 0;
    for (const bucket of this.#assigner.buckets) sizeBytes += bucket.sizeBytes;
    return this.#endedInPeriod.reduce((sum, bucket) => sum + bucket.sizeBytes, sizeBytes);
  }

  get wakeAtMs(): number {
    if (this.#emit.when !== 'watermark' || this.#emit.timeoutMs === null || !this.#timer.isLive) return this.#timer.wakeAtMs;
    return this.#earliestEndMs === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : this.#lastRowMs + this.#emit.timeoutMs;
  }

  onChunk(chunk: Chunk, out: Output): void {
    const time = this.#time(chunk)[0]!;
    if (hasNull(time, chunk.rowCount)) this.#withoutNullTimes(chunk, time, out);
    else this.#addChunk(chunk, (time as Extract<Column, { kind: 'number' }>).values, out);
  }

  onMark(mark: Mark, out: Output): void {
    switch (mark.kind) {
      case 'watermark':
        this.#advance(mark.timeMs, out);
        return;
      case 'live':
        this.#goLive(out);
        break;
      case 'tick':
        this.#onTick(mark.nowMs, out);
        break;
      case 'end':
        this.#closeUpTo(Number.POSITIVE_INFINITY, out);
        this.#emitPeriod(out);
        break;
    }
    out.mark(mark);
  }

  #addChunk(chunk: Chunk, times: Float64Array, out: Output): void {
    const closedMs =
      this.#emit.when === 'end' ? Number.NEGATIVE_INFINITY : Math.max(chunk.lateBeforeMs ?? Number.NEGATIVE_INFINITY, this.#closedMs);
    const touched = this.#assigner.assign(times, chunk.rowCount, closedMs);
    if (this.#assigner.lateCount > 0) this.#countLate(times, closedMs);
    if (touched.length === 0) return;
    this.#lastRowMs = this.#context.clock.monotonic();
    for (const bucket of touched) if (bucket.nextEndMs < this.#earliestEndMs) this.#earliestEndMs = bucket.nextEndMs;
    const input = this.#program.input(chunk);
    if (this.#emit.when === 'event' && this.#timer.isLive) this.#addOneByOne(input, touched, out);
    else this.#add(input, touched);
    this.#arrivals += chunk.rowCount;
    if (this.#emit.when !== 'update') return;
    this.#timer.changed();
    if (this.#timer.isDue()) this.#emitChanged(out);
  }

  #add(input: AggregateInput, touched: readonly Bucket[]): void {
    for (const bucket of touched) {
      const part = bucket.count === input.rowCount ? input : takeInput(input, bucket.rows, bucket.count);
      const groups = bucket.add(part, this.#arrivals);
      if (this.#tracksChanges) bucket.changed.add(groups, bucket.count, bucket.state.groupCount);
      bucket.count = 0;
    }
  }

  #withoutNullTimes(chunk: Chunk, time: Column, out: Output): void {
    const rows = new Int32Array(chunk.rowCount);
    let count = 0;
    for (let row = 0; row < chunk.rowCount; row++) if (!isNullAt(time, row)) rows[count++] = row;
    this.losses.filtered += chunk.rowCount - count;
    if (count === 0) return;
    const timed = takeRows(chunk, rows, count);
    throughRows(rows, () => this.onChunk(timed, out));
  }

  #countLate(times: Float64Array, closedMs: number): void {
    this.losses.late += this.#assigner.lateCount;
    if (this.losses.lateSamples.length >= maxLateSamples) return;
    const timeMs = times[this.#assigner.firstLate]!;
    this.losses.lateSamples.push({ timeMs, windowEndMs: this.#assigner.latestEnd(timeMs), watermarkMs: closedMs });
  }

  #advance(timeMs: number, out: Output): void {
    if (timeMs > this.#closedMs && this.#emit.when !== 'end') {
      this.#closedMs = timeMs;
      this.#closeUpTo(timeMs, out);
    }
    out.mark({ kind: 'watermark', timeMs });
  }

  #onTick(nowMs: number, out: Output): void {
    if (this.#emit.when === 'watermark') {
      if (nowMs >= this.wakeAtMs) this.#timeOut(out);
    } else if (this.#timer.isDue()) {
      if (this.#emit.when === 'periodic') this.#emitPeriod(out);
      else this.#emitChanged(out);
      this.#timer.emitted();
    }
  }

  /** Closes what is open; the watermark moves to the end of the last window. */
  #timeOut(out: Output): void {
    let lastEndMs = this.#closedMs;
    for (const bucket of this.#assigner.buckets) lastEndMs = Math.max(lastEndMs, bucket.lastEndMs);
    this.#advance(lastEndMs, out);
  }

  /** Closes the windows that end at or before `limitMs`, one after another. */
  #closeUpTo(limitMs: number, out: Output): void {
    while (this.#earliestEndMs <= limitMs && this.#earliestEndMs !== Number.POSITIVE_INFINITY) {
      const endMs = this.#earliestEndMs;
      const members = [...this.#assigner.buckets].filter(({ nextEndMs }) => nextEndMs === endMs);
      this.#close(members, endMs, out);
      for (const bucket of members) {
        bucket.nextEndMs += this.#slidesByMs;
        if (this.#slidesByMs === 0 || bucket.nextEndMs > bucket.lastEndMs) this.#drop(bucket);
      }
      this.#earliestEndMs = Number.POSITIVE_INFINITY;
      for (const { nextEndMs } of this.#assigner.buckets) if (nextEndMs < this.#earliestEndMs) this.#earliestEndMs = nextEndMs;
    }
  }

  #close(members: readonly Bucket[], endMs: number, out: Output): void {
    if (this.#slidesByMs > 0) this.#emitMerged(members, endMs, out);
    // Windows of months may begin on different days and end on the same.
    else for (const bucket of members) this.#closeWindow(bucket, out);
  }

  #closeWindow(bucket: Bucket, out: Output): void {
    if (this.#emit.when === 'watermark' || this.#emit.when === 'end' || !this.#timer.isLive) this.#emitWindow(bucket, out);
    else if (this.#emit.when === 'periodic') this.#keepForPeriod(bucket);
    else if (this.#emit.when === 'update') this.#emitChangedOf(bucket, out);
  }

  #keepForPeriod(bucket: Bucket): void {
    this.#endedInPeriod.push(bucket);
    bucket.saved?.headerChanged();
  }

  /** Forgets a window that has ended; one that is still to be shown stays saved until then. */
  #drop(bucket: Bucket): void {
    this.#assigner.drop(bucket);
    if (bucket.saved !== null && !this.#endedInPeriod.includes(bucket)) this.state!.drop(bucket.saved);
  }

  #emitMerged(panes: readonly Bucket[], endMs: number, out: Output): void {
    const merged = new AggregateState(this.#program);
    const arrivals: number[] = [];
    for (const pane of panes) {
      const groups = merged.merge(pane.state);
      for (const [group, arrival] of pane.firstArrivals!.entries()) {
        const own = groups[group]!;
        arrivals[own] = Math.min(arrivals[own] ?? arrival, arrival);
      }
    }
    const order = allGroups(merged.groupCount).sort((a, b) => arrivals[a]! - arrivals[b]!);
    const startMs = endMs - (panes[0]!.lastEndMs - this.#startOfLast(panes[0]!));
    this.#handOut(startMs, endMs, merged, order, out);
  }

  /** The start of the last window that a pane belongs to. */
  #startOfLast(pane: Bucket): number {
    return Math.floor(pane.startMs / this.#slidesByMs) * this.#slidesByMs;
  }

  #goLive(out: Output): void {
    if (!this.#timer.isLive) {
      if (this.#emit.when !== 'watermark' && this.#emit.when !== 'end') for (const bucket of this.#open()) this.#emitWindow(bucket, out);
      this.#timer.goLive();
    }
    this.#lastRowMs = this.#context.clock.monotonic();
  }

  /** The open windows, by their ends. */
  #open(): Bucket[] {
    return [...this.#assigner.buckets].sort((a, b) => a.lastEndMs - b.lastEndMs);
  }

  #emitPeriod(out: Output): void {
    const repeats = this.#emit.when === 'periodic' && this.#emit.repeat;
    for (const bucket of [...this.#endedInPeriod, ...this.#open()]) if (repeats || bucket.changed.count > 0) this.#emitWindow(bucket, out);
    if (this.state !== null) for (const bucket of this.#endedInPeriod) this.state.drop(bucket.saved!);
    this.#endedInPeriod = [];
  }

  #emitChanged(out: Output): void {
    for (const bucket of this.#open()) this.#emitChangedOf(bucket, out);
    this.#timer.emitted();
  }

  #emitChangedOf(bucket: Bucket, out: Output): void {
    const groups = bucket.takeChanged();
    if (groups.length > 0) this.#handOut(bucket.startMs, bucket.lastEndMs, bucket.state, groups, out);
  }

  #emitWindow(bucket: Bucket, out: Output): void {
    bucket.clearChanged();
    this.#handOut(bucket.startMs, bucket.lastEndMs, bucket.state, allGroups(bucket.state.groupCount), out);
  }

  #handOut(startMs: number, endMs: number, state: AggregateState, groups: Int32Array, out: Output): void {
    const columns = this.#resultColumns(startMs, endMs, state, groups, groups.length);
    withoutRows(() => out.chunk({ rowCount: groups.length, columns }));
  }

  #resultColumns(startMs: number, endMs: number, state: AggregateState, groups: Int32Array, count: number): Column[] {
    const { boundType } = this.#node.window;
    const bound = (ms: number) => constantColumn(boundType, temporalFromMs(ms, boundType, this.#context.kernels.timezone), count);
    return [bound(startMs), bound(endMs), ...state.results(groups, count)];
  }

  #createBucket(id: number, startMs: number, firstEndMs: number, lastEndMs: number): Bucket {
    const bucket = new Bucket(startMs, firstEndMs, lastEndMs, new AggregateState(this.#program));
    if (this.#slidesByMs > 0) bucket.firstArrivals = [];
    if (!this.#context.keepsState) return bucket;
    const { table, keyTypes, accumulators } = bucket.state;
    const fixedParts = bucket.firstArrivals === null ? [] : [arrivalsPart(bucket.firstArrivals)];
    const parts = this.#tracksChanges ? [...accumulators, bucket.changed] : accumulators;
    bucket.saved = new SavedGroups(id, { table, keyTypes, fixedParts, parts }, (out) => {
      for (const ms of [startMs, firstEndMs, lastEndMs]) out.float64(ms);
      out.uint8(Number(this.#endedInPeriod.includes(bucket)));
    });
    return bucket;
  }

  *savedBuckets(): Iterable<SavedGroups> {
    for (const { saved } of this.#assigner.buckets) yield saved!;
    for (const { saved } of this.#endedInPeriod) yield saved!;
  }

  writeScalars(out: BinaryWriter): void {
    out.float64(this.#closedMs);
    out.count(this.#arrivals);
    out.uint8(Number(this.#wasLive));
  }

  readScalars(from: BinaryReader): void {
    this.#closedMs = from.float64();
    this.#arrivals = from.count();
    if (from.uint8() !== 0) this.#timer.isLive = true;
  }

  restoreBucket(id: number, header: BinaryReader): SavedGroups {
    const bucket = this.#createBucket(id, header.float64(), header.float64(), header.float64());
    const hasEnded = header.uint8() !== 0;
    if (hasEnded) this.#endedInPeriod.push(bucket);
    else this.#assigner.restore(bucket, this.#closedMs);
    this.#nextBucketId = id + 1;
    return bucket.saved!;
  }

  restored(): void {
    this.#endedInPeriod.sort((a, b) => a.lastEndMs - b.lastEndMs);
    for (const { nextEndMs } of this.#assigner.buckets) this.#earliestEndMs = Math.min(this.#earliestEndMs, nextEndMs);
    this.#lastRowMs = this.#context.clock.monotonic();
    if (this.#timer.isLive) this.#timer.resume(this.#open().some(({ changed }) => changed.count > 0));
  }

  /** After the history, results are shown as they become; not so under a watermark, where it only says that time-outs count. */
  get #wasLive(): boolean {
    return this.#timer.isLive && this.#emit.when !== 'watermark';
  }

  #schema(): string {
    const { kind, slide, size, zone } = this.#node.window;
    const [every, long] = [slide, size].map(({ amount, unit }) => `${amount} ${unit}`);
    const buckets = this.#slidesByMs > 0 ? 'in panes' : this.#tracksChanges ? 'with changes' : 'whole';
    return `window aggregate, format 1; ${kind} every ${every}, ${long} long, in ${zone}, ${buckets}; ${this.#program.schema}`;
  }

  /** PER EVENT: each row of each of its windows shows the group after it. */
  #addOneByOne(input: AggregateInput, touched: readonly Bucket[], out: Output): void {
    const places = touched.flatMap((bucket) => Array.from({ length: bucket.count }, (_, i) => ({ row: bucket.rows[i]!, bucket })));
    places.sort((a, b) => a.row - b.row || a.bucket.lastEndMs - b.bucket.lastEndMs);
    const results = places.map(({ row, bucket }) => {
      const groups = bucket.add(rowOfInput(input, row), this.#arrivals);
      return this.#resultColumns(bucket.startMs, bucket.lastEndMs, bucket.state, groups, 1);
    });
    for (const bucket of touched) bucket.count = 0;
    const columns = results[0]!.map((_, i) => concatColumns(results.map((row) => ({ column: row[i]!, rowCount: 1 }))));
    withoutRows(() => out.chunk({ rowCount: results.length, columns }));
  }
}

function hasNull(column: Column, rowCount: number): boolean {
  if (column.kind === 'value' || column.nulls === null) return false;
  const at = column.nulls.indexOf(1);
  return at >= 0 && at < rowCount;
}
