import type { Injections, NoInjections } from '../service-token.ts';
import type { Row } from '../values.ts';
import { assertBase, assertExactlyOne } from './assert-definition.ts';
import { brand, majorVersion } from './brand.ts';
import { openOf } from './open-of.ts';
import { injectionsOf, openInstance, type PluginClass, type ProcessorInstance } from './plugin-class.ts';
import type { OpenContext, PluginBase } from './plugin-definition.ts';
import type { ProcessorDefinition, ProcessorHooks } from './processor-definition.ts';

/** A processor that is a class. */
export interface ProcessorClass<A, S extends readonly unknown[]>
  extends Omit<PluginBase<A, NoInjections>, 'inject'>,
    Pick<ProcessorHooks<A, NoInjections, unknown, Row>, 'columns'> {
  readonly useClass: PluginClass<ProcessorInstance<A>, S>;
}

/** The hook that does the work of a processor, from the simplest to the most powerful. */
const processorHooks = ['map', 'filter', 'flatMap', 'process', 'processBatch'] as const;

// The compiler explains the last form that does not fit: that of hooks is the usual one.
/** Defines a processor that is a class; else as the other form. */
export function defineProcessor<A, S extends readonly unknown[]>(options: ProcessorClass<A, S>): ProcessorDefinition<A>;
/**
 * Defines a processor, from hooks or from a class. Types of attributes, services, and of what `open` gives are inferred: `open` stands before
 * the hooks that take it. The type of the rows is that of the `row` or `event` parameter, if it is annotated.
 * @throws {TypeError} if the definition is not usable
 */
export function defineProcessor<A, I extends Injections = NoInjections, R = OpenContext<A, I>, In extends Row = Row>(
  hooks: ProcessorHooks<A, I, R, In>,
): ProcessorDefinition<A, I, R, In>;
export function defineProcessor<A>(
  options: ProcessorHooks<A, Injections, unknown, Row> | ProcessorClass<A, readonly unknown[]>,
): ProcessorDefinition<A> {
  const hooks = 'useClass' in options ? fromClass(options) : options;
  assertBase('processor', hooks, []);
  assertExactlyOne(hooks, processorHooks);
  const definition: ProcessorDefinition<A> = { ...hooks, open: openOf(hooks), kind: 'processor', [brand]: majorVersion };
  return Object.freeze(definition);
}

function fromClass<A>(options: ProcessorClass<A, readonly unknown[]>): ProcessorHooks<A, Injections, ProcessorInstance<A>, Row> {
  const { useClass, ...rest } = options;
  const has = (method: keyof ProcessorInstance<A>) => method in useClass.prototype;
  return {
    ...rest,
    inject: injectionsOf(useClass),
    open: (context) => openInstance(useClass, context, () => {}),
    close: (instance) => instance.close?.(),
    ...(has('map') && { map: (row, instance, context) => instance.map!(row, context) }),
    ...(has('filter') && { filter: (row, instance, context) => instance.filter!(row, context) }),
    ...(has('flatMap') && { flatMap: (row, instance, context) => instance.flatMap!(row, context) }),
    ...(has('process') && { process: (event, emit, instance, context) => instance.process!(event, emit, context) }),
    ...(has('processBatch') && { processBatch: (event, emit, instance, context) => instance.processBatch!(event, emit, context) }),
  };
}
