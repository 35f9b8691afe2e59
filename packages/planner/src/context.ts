import type { CatalogReader } from '@millrace/catalog';
import { type Clock, type Random, systemRandom } from '@millrace/core';
import type { CastOptions } from '@millrace/data';
import type { KernelContext } from '@millrace/functions';

/** What planning asks of its surroundings. It does no I/O beyond these. */
export interface PlanContext {
  readonly catalog: CatalogReader;
  /** For `now()` where a value is needed at planning time (positions, VALUES). */
  readonly clock: Clock;
  /** The server's time zone: stands wherever a type or clause names none. */
  readonly timezone: string;
  /** Settings of the request, by name; the query's own SETTINGS clause goes before them. Settings that foreign clients always send are passed over. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The SQL text that the tree was parsed from: positions of errors point into it. */
  readonly source: string;
  /** For `rand()`, `uuid()` in VALUES; the system's by default. */
  readonly random?: Random;
}

/** The part of the context that evaluation needs. */
export function kernelContext(context: PlanContext): KernelContext & CastOptions {
  return { clock: context.clock, random: context.random ?? systemRandom, timezone: context.timezone };
}
