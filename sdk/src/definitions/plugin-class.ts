import type { DeleteEvent, RowsEvent, WatermarkEvent } from '../events.ts';
import type { Injections, ServiceToken } from '../service-token.ts';
import type { Row } from '../values.ts';
import type { TransferContext } from './connector-definition.ts';
import type { Extracted, NextContext } from './extractor-definition.ts';
import type { Json, OpenContext } from './plugin-definition.ts';
import type { Emit, ProcessContext } from './processor-definition.ts';

/**
 * The class form of a plugin. The host makes one instance for each `open`.
 * `S`: what the constructor takes.
 */
export interface PluginClass<T, S extends readonly unknown[]> {
  new (...services: S): T;
  /** Services that the constructor takes, in its order. */
  readonly inject?: readonly ServiceToken<S[number]>[];
}

/** Where an instance runs. */
export interface RuntimeContext {
  readonly pipe: string;
  readonly signal: AbortSignal;
}

/** Hooks that every class may have. Called in this order, before anything else. */
export interface PluginInstance<A> {
  /** @throws {Error} if the attributes are not legal together */
  validate?(attributes: A): void | Promise<void>;
  /** Takes what the later hooks need. */
  customize?(attributes: A, context: RuntimeContext): void | Promise<void>;
  /** Called once, whatever was called before. */
  close?(): void | Promise<void>;
}

/** As {@link ConnectorHooks}, without a resource: the instance is it. */
export interface ConnectorInstance<A> extends PluginInstance<A> {
  /** Connects. @throws {NotConnected} if the target is not there */
  handshake?(): void | Promise<void>;
  heartbeat?(): void | Promise<void>;
  transfer(event: RowsEvent, context: TransferContext): void | Promise<void>;
  delete?(event: DeleteEvent, context: TransferContext): void | Promise<void>;
}

/** As {@link ProcessorHooks}: exactly one of the five, as a method. */
export interface ProcessorInstance<A> extends PluginInstance<A> {
  map?(row: Row, context: ProcessContext): Row;
  filter?(row: Row, context: ProcessContext): boolean;
  flatMap?(row: Row, context: ProcessContext): Iterable<Row>;
  process?(event: RowsEvent | DeleteEvent | WatermarkEvent, emit: Emit, context: ProcessContext): void | Promise<void>;
  processBatch?(event: RowsEvent, emit: Emit, context: ProcessContext): void | Promise<void>;
}

/** An extractor with a source of its own. */
export interface ExtractorInstance<A> extends PluginInstance<A> {
  /** Begins after `position`; undefined in a new pipe. */
  start?(position: Json | undefined): void | Promise<void>;
  /** @see ExtractorHooks.next */
  supply(context: NextContext): Promise<Extracted | null>;
}

/** Services of a class, under the numbers of its parameters. */
export function injectionsOf<T, S extends readonly unknown[]>(useClass: PluginClass<T, S>): Injections {
  const tokens = useClass.inject ?? [];
  if (tokens.length < useClass.length) {
    throw new TypeError(`the constructor of ${useClass.name} takes ${useClass.length} services, but inject names ${tokens.length}`);
  }
  return Object.fromEntries(tokens.map((token, index) => [String(index), token]));
}

/** Makes an instance and readies it; closes it again if `begin` fails. */
export async function openInstance<A, T extends PluginInstance<A>, S extends readonly unknown[]>(
  useClass: PluginClass<T, S>,
  context: OpenContext<A, Injections>,
  begin: (instance: T) => void | Promise<void>,
): Promise<T> {
  const services = (useClass.inject ?? []).map((_, index) => context[String(index)]);
  // What the host has put under the numbers are the services that inject names; their types were compared at the definition.
  const instance = new useClass(...(services as readonly unknown[] as S));
  try {
    await instance.validate?.(context.attributes);
    await instance.customize?.(context.attributes, { pipe: context.pipe, signal: context.signal });
    await begin(instance);
    return instance;
  } catch (error) {
    await closeQuietly(instance);
    throw error;
  }
}

/** What failed before says more than what fails now. */
async function closeQuietly<A>(instance: PluginInstance<A>): Promise<void> {
  try {
    await instance.close?.();
  } catch {}
}
