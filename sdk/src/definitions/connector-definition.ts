import type { DeleteEvent, RowsEvent } from '../events.ts';
import type { Injections } from '../service-token.ts';
import type { TopicWriter } from '../services.ts';
import type { Row } from '../values.ts';
import type { brand } from './brand.ts';
import type { OpenContext, PluginBase } from './plugin-definition.ts';

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
 *
 * What `open` gives is the first argument of the other hooks; without `open` they receive its context.
 */
export interface ConnectorHooks<A, I extends Injections, R, In extends Row> extends PluginBase<A, I> {
  /** `ordered` (default): one event at a time. `unordered`: several at once, the host decides how many up to `concurrency`. */
  readonly order?: 'ordered' | 'unordered';
  /** Most events at once of an unordered connector; 8 without it. */
  concurrency?(attributes: A): number;
  /** True: `transfer` gets a {@link TransferContext.transaction}. Built-in plugins only. */
  isTransactional?(attributes: A): boolean;
  open?(context: OpenContext<A, I>): R | Promise<R>;
  /** Whether the target is still there; called when nothing was sent for a while. */
  heartbeat?(resource: R): void | Promise<void>;
  transfer(resource: R, event: RowsEvent<In>, context: TransferContext): void | Promise<void>;
  /** Without it deletions are not delivered. */
  delete?(resource: R, event: DeleteEvent, context: TransferContext): void | Promise<void>;
  close?(resource: R): void | Promise<void>;
}

/** A connector as hosts see it: made by {@link defineConnector}. */
export interface ConnectorDefinition<A = unknown, I extends Injections = Injections, R = unknown, In extends Row = Row>
  extends ConnectorHooks<A, I, R, In> {
  readonly [brand]: number;
  readonly kind: 'connector';
  open(context: OpenContext<A, I>): R | Promise<R>;
}
