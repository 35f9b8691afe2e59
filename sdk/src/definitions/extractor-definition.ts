import type { Injections } from '../service-token.ts';
import type { Column, Row } from '../values.ts';
import type { brand } from './brand.ts';
import type { Json, OpenContext, PluginBase } from './plugin-definition.ts';

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

/** What an extractor with a source of its own opens with. */
export type ExtractorContext<A, I extends Injections> = OpenContext<A, I> & {
  /** Of the last rows that were delivered; undefined in a new pipe. */
  readonly position: Json | undefined;
};

export interface NextContext {
  readonly signal: AbortSignal;
}

/** Reads streams (`select`, and nothing else), or a source of its own (`next`; without `open` it receives the context). */
export interface ExtractorHooks<A, I extends Injections, R> extends PluginBase<A, I> {
  select?(attributes: A): StreamSelection;
  open?(context: ExtractorContext<A, I>): R | Promise<R>;
  /** The next rows; called again when it has resolved. Waits until there are some; null = there will be none any more. */
  next?(resource: R, context: NextContext): Promise<Extracted | null>;
  close?(resource: R): void | Promise<void>;
}

/** An extractor as hosts see it: made by {@link defineExtractor}. */
export interface ExtractorDefinition<A = unknown, I extends Injections = Injections, R = unknown> extends ExtractorHooks<A, I, R> {
  readonly [brand]: number;
  readonly kind: 'extractor';
  open(context: ExtractorContext<A, I>): R | Promise<R>;
}
