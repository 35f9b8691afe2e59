import type { Injections, NoInjections } from '../service-token.ts';
import { assertBase, assertExactlyOne } from './assert-definition.ts';
import { brand, majorVersion } from './brand.ts';
import type { ExtractorContext, ExtractorDefinition, ExtractorHooks } from './extractor-definition.ts';
import { openOf } from './open-of.ts';
import { type ExtractorInstance, injectionsOf, openInstance, type PluginClass } from './plugin-class.ts';
import type { PluginBase } from './plugin-definition.ts';

/** An extractor that is a class. */
export interface ExtractorClass<A, S extends readonly unknown[]> extends Omit<PluginBase<A, NoInjections>, 'inject'> {
  readonly useClass: PluginClass<ExtractorInstance<A>, S>;
}

// The compiler explains the last form that does not fit: that of hooks is the usual one.
/** Defines an extractor that is a class; else as the other form. */
export function defineExtractor<A, S extends readonly unknown[]>(options: ExtractorClass<A, S>): ExtractorDefinition<A>;
/**
 * Defines an extractor, from hooks or from a class. Types of attributes, services, and of what `open` gives are inferred: `open` stands before
 * the hooks that take it.
 * @throws {TypeError} if the definition is not usable
 */
export function defineExtractor<A, I extends Injections = NoInjections, R = ExtractorContext<A, I>>(
  hooks: ExtractorHooks<A, I, R>,
): ExtractorDefinition<A, I, R>;
export function defineExtractor<A>(
  options: ExtractorHooks<A, Injections, unknown> | ExtractorClass<A, readonly unknown[]>,
): ExtractorDefinition<A> {
  const hooks = 'useClass' in options ? fromClass(options) : options;
  assertBase('extractor', hooks, []);
  assertExactlyOne(hooks, ['select', 'next']);
  const definition: ExtractorDefinition<A> = { ...hooks, open: openOf(hooks), kind: 'extractor', [brand]: majorVersion };
  return Object.freeze(definition);
}

function fromClass<A>(options: ExtractorClass<A, readonly unknown[]>): ExtractorHooks<A, Injections, ExtractorInstance<A>> {
  const { useClass, ...rest } = options;
  return {
    ...rest,
    inject: injectionsOf(useClass),
    open: (context) => openInstance(useClass, context, (instance) => instance.start?.(context.position)),
    next: (instance, context) => instance.supply(context),
    close: (instance) => instance.close?.(),
  };
}
