import type { AttributeSchema, StageKind } from '../attributes/attribute.ts';
import type { OpenContext } from '../definitions/plugin-definition.ts';
import type { Injections } from '../service-token.ts';
import type { StreamDescription } from '../services.ts';
import { type Provided, TestServices } from './test-services.ts';

/** What a driver opens its plugin with. */
export interface DriverOptions {
  /** As in a statement. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Services in place of the default ones: {@link provide}. */
  readonly services?: readonly Provided[];
  /** What {@link Streams} knows. */
  readonly streams?: readonly StreamDescription[];
  /** What {@link Settings} knows. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Zone of times that name none; UTC without it. */
  readonly zone?: string;
}

/** A plugin whose attributes are read, with the services that it will get. */
export interface Stage<A> {
  readonly attributes: A;
  readonly services: TestServices;
  /** A context for `open`. */
  context(signal: AbortSignal): OpenContext<A, Injections>;
}

interface Openable<A> {
  readonly name: string;
  readonly kind: StageKind;
  readonly attributes: AttributeSchema<A>;
  readonly inject?: Injections;
}

/** @throws {Error} that names every problem of the attributes */
export function prepareStage<A>(plugin: Openable<A>, options: DriverOptions): Stage<A> {
  const read = plugin.attributes.read(options.attributes ?? {}, plugin.kind, options.zone === undefined ? {} : { zone: options.zone });
  if (!read.ok) throw new Error(`${plugin.kind} ${plugin.name}: ${read.problems.join('; ')}`);
  const { values } = read;
  const services = new TestServices(options.services, options.streams, options.settings);
  return {
    attributes: values,
    services,
    context: (signal) => ({ ...services.resolve(plugin.inject ?? {}), attributes: values, pipe: 'test', signal }),
  };
}
