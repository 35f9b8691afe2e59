import type { DeleteEvent, PipeEvent, RowsEvent, WatermarkEvent } from '../events.ts';
import type { Injections } from '../service-token.ts';
import type { Column, Row } from '../values.ts';
import type { brand } from './brand.ts';
import type { Json, OpenContext, PluginBase } from './plugin-definition.ts';

/**
 * What a processor keeps from event to event, by key; survives restarts. Each partition has its own. What an event has changed is
 * kept if, and only if, everything made of it is delivered.
 */
export interface KeyedState {
  get(key: string): Json | undefined;
  set(key: string, value: Json): void;
  delete(key: string): void;
}

export interface ProcessContext {
  readonly pipe: string;
  /** 1 for the first try of the event. */
  readonly attempt: number;
  readonly state: KeyedState;
  readonly signal: AbortSignal;
}

/** Hands on what a processor makes of an event. */
export interface Emit {
  /**
   * Rows of the event's stream. `columns` says their types; without it, types of columns with the same name are kept, others follow from the
   * first value. `sources` says of each row from which one of the event it comes, whose key and time it has; without it that is the one at
   * the same place where there are as many, else the last.
   */
  rows(rows: readonly Row[], columns?: readonly Column[], sources?: readonly number[]): void;
  /** An event as it came, or another one. */
  event(event: PipeEvent): void;
}

/**
 * Changes, drops, adds events. Exactly one of `map`, `filter`, `flatMap`, `process`, `processBatch`; they are called one after another, in
 * the order of each partition. `process` gets one row at a time, `processBatch` as many as there are; deletions and watermarks pass,
 * unless `process` takes them.
 *
 * What `open` gives is an argument of the other hooks; without `open` they receive its context.
 */
export interface ProcessorHooks<A, I extends Injections, R, In extends Row> extends PluginBase<A, I> {
  /** Called once for each pipe, before the first event. */
  open?(context: OpenContext<A, I>): R | Promise<R>;
  /** Columns of what `map` and `flatMap` give; without it, as {@link Emit.rows}. */
  columns?(input: readonly Column[], attributes: A): readonly Column[];
  map?(row: In, resource: R, context: ProcessContext): Row;
  filter?(row: In, resource: R, context: ProcessContext): boolean;
  flatMap?(row: In, resource: R, context: ProcessContext): Iterable<Row>;
  process?(event: RowsEvent<In> | DeleteEvent | WatermarkEvent, emit: Emit, resource: R, context: ProcessContext): void | Promise<void>;
  processBatch?(event: RowsEvent<In>, emit: Emit, resource: R, context: ProcessContext): void | Promise<void>;
  close?(resource: R): void | Promise<void>;
}

/** A processor as hosts see it: made by {@link defineProcessor}. */
export interface ProcessorDefinition<A = unknown, I extends Injections = Injections, R = unknown, In extends Row = Row>
  extends ProcessorHooks<A, I, R, In> {
  readonly [brand]: number;
  readonly kind: 'processor';
  open(context: OpenContext<A, I>): R | Promise<R>;
}
