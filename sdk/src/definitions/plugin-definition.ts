import type { AttributeSchema } from '../attributes/attribute.ts';
import type { Injected, Injections } from '../service-token.ts';

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
