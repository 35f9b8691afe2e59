import type { Clock } from '@millrace/core';
import type { Chunk } from '@millrace/data';
import type { KernelContext } from '@millrace/functions';
import type { MemoryBudget } from '../state/memory-budget.ts';
import type { OperatorState } from '../state/operator-state.ts';

/**
 * What travels in band with the chunks.
 *
 * - `watermark`: no window that ends at or before `timeMs` (event time) gets another row, save late ones.
 * - `live`: the end of the history, as it was when the query started, is reached. At most once.
 * - `tick`: processing time has come to `nowMs` (monotonic): for what waits for a time (see {@link Operator.wakeAtMs}).
 * - `end`: nothing follows.
 */
export type Mark =
  | { readonly kind: 'watermark'; readonly timeMs: number }
  | { readonly kind: 'live' }
  | { readonly kind: 'tick'; readonly nowMs: number }
  | { readonly kind: 'end' };

/**
 * Where an operator puts what it hands on. Synchronous. A chunk is valid during the call only: its columns may point into fetched
 * bytes that are overwritten afterwards, so that whoever keeps rows copies them.
 */
export interface Output {
  chunk(chunk: Chunk): void;
  mark(mark: Mark): void;
}

/** A late row, as it is shown. */
export interface LateSample {
  readonly timeMs: number;
  /** The end of the last window that it belonged to. */
  readonly windowEndMs: number;
  /** What had closed the window. */
  readonly watermarkMs: number;
}

/** What became of rows that were neither handed on nor taken into state. */
export interface Losses {
  filtered: number;
  late: number;
  readonly lateSamples: LateSample[];
}

/**
 * Turns chunks into chunks. Knows columns and marks, and nothing of SQL, Kafka, or wall clocks.
 * Synchronous; called by one caller; hands every mark on (in its place among the chunks) unless it says otherwise.
 */
export interface Operator {
  /** As the plan calls it. */
  readonly name: string;
  readonly losses: Losses;
  /** The (monotonic) time at which it wants a tick; Infinity if it waits for nothing. */
  readonly wakeAtMs: number;
  /** Rows held back: neither handed on nor folded into a state. */
  readonly bufferedRows: number;
  /** What must survive a restart; null if nothing outlives a chunk, or if the context does not ask for it. */
  readonly state: OperatorState | null;
  onChunk(chunk: Chunk, out: Output): void;
  onMark(mark: Mark, out: Output): void;
}

/** What operators may use of their query. */
export interface OperatorContext {
  readonly kernels: KernelContext;
  readonly clock: Clock;
  readonly memory: MemoryBudget;
  /** True if states are to be saved: only then is it tracked what changes. */
  readonly keepsState: boolean;
}

export function noLosses(): Losses {
  return { filtered: 0, late: 0, lateSamples: [] };
}

/** An operator that waits for nothing, keeps nothing, and hands marks on. */
export abstract class StatelessOperator implements Operator {
  abstract readonly name: string;
  readonly losses = noLosses();
  readonly wakeAtMs: number = Number.POSITIVE_INFINITY;
  readonly bufferedRows: number = 0;
  readonly state: OperatorState | null = null;

  abstract onChunk(chunk: Chunk, out: Output): void;

  onMark(mark: Mark, out: Output): void {
    out.mark(mark);
  }
}
