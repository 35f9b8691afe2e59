import type { PlanContext } from '@millrace/planner';
import type { Request, Services } from './services.ts';

/** What the planner is told of a request. */
export function planContext(
  { catalog, clock, random, timezone }: Services,
  { settings, source }: Pick<Request, 'settings' | 'source'>,
): PlanContext {
  return { catalog, clock, random, timezone, settings, source };
}
