import type { AttributeSchema } from '../attributes/attribute.ts';
import type { DeleteEvent, PipeEvent, RowsEvent, WatermarkEvent } from '../events.ts';
import type { Injected, Injections, ServiceToken } from '../service-token.ts';
import type { TopicWriter } from '../services.ts';
import type { Column, Row, Value } from '../values.ts';

/** JSON, as it is kept in Kafka. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What every plugin says of itself. */
export interface PluginBase<A, I extends Injections> {
  /** As pipes name it, e.g. `webhook-connector`. Lower case, digits and `-`. */
  readonly name: string;
  /** Other names for it. */
  readonly aliases?: readonly string[];
  /** One sentence. */
  readonly summary: string;
  readonly attributes: AttributeSchema<A>;
  /** Services of the host by the name under which hooks receive them. */
  readonly inject?: I;
}

/** What hooks receive when a stage opens. */
export type OpenContext<A, I extends Injections> = Injected<I> & {
  readonly attributes: A;
  /** The pipe that opens it; of a shared connector the first one. */
  readonly pipe: string;
  /** Aborted when the stage is closed or has taken too long. */
  readonly signal: AbortSignal;
};

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
  /** Rows of the event's stream. `columns` says their types; without it, types of columns with the same name are kept, others follow from the first value. */
  rows(rows: readonly Row[], columns?: readonly Column[]): void;
  /** An event as it came, or another one. */
  event(event: PipeEvent): void;
}

/**
 * Changes, drops, adds events. Exactly one of `map`, `filter`, `flatMap`, `process`, `processBatch`; they are called one after another, in
 * the order of each partition. `process` gets one row at a time, `processBatch` as many as there are; deletions and watermarks pass,
 * unless `process` takes them.
 */
export interface ProcessorDefinition<A = unknown, I extends Injections = Injections, R = unknown> extends PluginBase<A, I> {
  readonly kind: 'processor';
  /** What hooks receive as their first argument; called once for each pipe. */
  readonly open?: (context: OpenContext<A, I>) => R | Promise<R>;
  readonly close?: (resource: R) => void | Promise<void>;
  /** Columns of what `map` and `flatMap` give; without it, as {@link Emit.rows}. */
  readonly columns?: (input: readonly Column[], attributes: A) => readonly Column[];
  readonly map?: (row: Row, resource: R, context: ProcessContext) => Row;
  readonly filter?: (row: Row, resource: R, context: ProcessContext) => boolean;
  readonly flatMap?: (row: Row, resource: R, context: ProcessContext) => Iterable<Row>;
  readonly process?: (
    event: RowsEvent | DeleteEvent | WatermarkEvent,
    emit: Emit,
    resource: R,
    context: ProcessContext,
  ) => void | Promise<void>;
  readonly processBatch?: (event: RowsEvent, emit: Emit, resource: R, context: ProcessContext) => void | Promise<void>;
}

export interface TransferContext {
  readonly pipe: string;
  /** 1 for the first try of the event. */
  readonly attempt: number;
  /** Names of the clusters that the rows have passed, this one's last: to be handed on, so that loops are noticed. */
  readonly clusters: readonly string[];
  /** Writes that become visible together with the pipe's progress; only for connectors that ask for it by `isTransactional`. */
  readonly transaction: TopicWriter | undefined;
  /** Aborted when the stage is closed or has taken too long. */
  readonly signal: AbortSignal;
}

/**
 * Delivers events. Life: `open` (the handshake; at CREATE PIPE and before the first event, again after {@link NotConnected}) → `transfer`,
 * `delete` → `close`, once for each `open` that succeeded. Pipes with the same attributes share one.
 *
 * Resolved = delivered: the host commits. Thrown = not delivered: {@link NotConnected} and {@link Retryable} are tried again, so is everything
 * else, five times; {@link BadRecord} singles a row out.
 */
export interface ConnectorDefinition<A = unknown, I extends Injections = Injections, R = unknown> extends PluginBase<A, I> {
  readonly kind: 'connector';
  /** `ordered` (default): one event at a time. `unordered`: several at once, the host decides how many up to `concurrency`. */
  readonly order?: 'ordered' | 'unordered';
  /** Most events at once of an unordered connector; 8 without it. */
  readonly concurrency?: (attributes: A) => number;
  /** True: `transfer` gets a {@link TransferContext.transaction}. Built-in plugins only. */
  readonly isTransactional?: (attributes: A) => boolean;
  readonly open: (context: OpenContext<A, I>) => R | Promise<R>;
  /** Whether the target is still there; called when nothing was sent for a while. */
  readonly heartbeat?: (resource: R) => void | Promise<void>;
  readonly transfer: (resource: R, event: RowsEvent, context: TransferContext) => void | Promise<void>;
  /** Without it deletions are not delivered. */
  readonly delete?: (resource: R, event: DeleteEvent, context: TransferContext) => void | Promise<void>;
  readonly close?: (resource: R) => void | Promise<void>;
}

/** What an extractor of streams reads: the host does it. */
export interface StreamSelection {
  /** Prefix of `root.<stream>[.<key>].<column>`, compared as text. */
  readonly pattern: string;
  /** Records that were there when the pipe was created; null = none of them. Bounds are event times in milliseconds, both included. */
  readonly history: { readonly startMs: number; readonly endMs: number } | null;
  /** Whether records that come later are read. */
  readonly realtime: boolean;
  /** Whether records go to a cluster that they came from. */
  readonly forwardsPipeRecords: boolean;
}

/** What a source of its own hands out. */
export interface Extracted {
  readonly stream: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Record keys of the rows. */
  readonly keys?: readonly (Uint8Array | string | null)[];
  /** Event times in milliseconds; now without it. */
  readonly times?: readonly number[];
  /** Given back by the next `open` when everything up to here has been delivered. */
  readonly position: Json;
}

/** Reads streams (`select`), or a source of its own (`open`, `next`). */
export interface ExtractorDefinition<A = unknown, I extends Injections = Injections, R = unknown> extends PluginBase<A, I> {
  readonly kind: 'extractor';
  readonly select?: (attributes: A) => StreamSelection;
  readonly open?: (context: OpenContext<A, I> & { readonly position: Json | undefined }) => R | Promise<R>;
  /** The next rows; called again when it has resolved. Waits until there are some; null = there will be none any more. */
  readonly next?: (resource: R, context: { readonly signal: AbortSignal }) => Promise<Extracted | null>;
  readonly close?: (resource: R) => void | Promise<void>;
}

/** What a package of plugins exports. */
export type PluginDefinition = ExtractorDefinition | ProcessorDefinition | ConnectorDefinition;

/** The class form of a plugin: made by the host's container. */
export interface PluginClass<T> {
  new (...services: never[]): T;
  /** Services that the constructor takes, in order. */
  readonly inject?: readonly ServiceToken<unknown>[];
}

export type { Value };
