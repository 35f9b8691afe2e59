import type { Injections, NoInjections } from '../service-token.ts';
import type { Row } from '../values.ts';
import { assertBase } from './assert-definition.ts';
import { brand, majorVersion } from './brand.ts';
import type { ConnectorDefinition, ConnectorHooks } from './connector-definition.ts';
import { openOf } from './open-of.ts';
import { type ConnectorInstance, injectionsOf, openInstance, type PluginClass } from './plugin-class.ts';
import type { OpenContext, PluginBase } from './plugin-definition.ts';

/** A connector that is a class. */
export interface ConnectorClass<A, S extends readonly unknown[]>
  extends Omit<PluginBase<A, NoInjections>, 'inject'>,
    Pick<ConnectorHooks<A, NoInjections, unknown, Row>, 'order' | 'concurrency' | 'isTransactional'> {
  readonly useClass: PluginClass<ConnectorInstance<A>, S>;
}

// The compiler explains the last form that does not fit: that of hooks is the usual one.
/** Defines a connector that is a class; else as the other form. */
export function defineConnector<A, S extends readonly unknown[]>(options: ConnectorClass<A, S>): ConnectorDefinition<A>;
/**
 * Defines a connector, from hooks or from a class. Types of attributes, services, and of what `open` gives are inferred: `open` stands before
 * the hooks that take it. The type of the rows is that of the `event` parameter, if it is annotated.
 * @throws {TypeError} if the definition is not usable
 */
export function defineConnector<A, I extends Injections = NoInjections, R = OpenContext<A, I>, In extends Row = Row>(
  hooks: ConnectorHooks<A, I, R, In>,
): ConnectorDefinition<A, I, R, In>;
export function defineConnector<A>(
  options: ConnectorHooks<A, Injections, unknown, Row> | ConnectorClass<A, readonly unknown[]>,
): ConnectorDefinition<A> {
  const hooks = 'useClass' in options ? fromClass(options) : options;
  assertBase('connector', hooks, ['transfer']);
  const definition: ConnectorDefinition<A> = { ...hooks, open: openOf(hooks), kind: 'connector', [brand]: majorVersion };
  return Object.freeze(definition);
}

function fromClass<A>(options: ConnectorClass<A, readonly unknown[]>): ConnectorHooks<A, Injections, ConnectorInstance<A>, Row> {
  const { useClass, ...rest } = options;
  const has = (method: keyof ConnectorInstance<A>) => method in useClass.prototype;
  return {
    ...rest,
    inject: injectionsOf(useClass),
    open: (context) => openInstance(useClass, context, (instance) => instance.handshake?.()),
    transfer: (instance, event, context) => instance.transfer(event, context),
    close: (instance) => instance.close?.(),
    ...(has('heartbeat') && { heartbeat: (instance) => instance.heartbeat?.() }),
    ...(has('delete') && { delete: (instance, event, context) => instance.delete?.(event, context) }),
  };
}
