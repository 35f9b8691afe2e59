import { MillraceError } from '@millrace/core';
import type { Flush, SystemView } from '@millrace/sql';
import { flushViews } from '../views/flush-views.ts';
import { type Answer, noAnswer } from './answer.ts';
import { unknownName } from './describe.ts';
import type { Request, Services } from './services.ts';

/** SYSTEM PAUSE and UNPAUSE: a paused view keeps state and position, also over a restart. Answered when it has stopped, or runs. */
export async function systemView({ action, name: { name } }: SystemView, services: Services): Promise<Answer> {
  const { catalog, views } = services;
  expectMaterializedView(name, services);
  const definition = await catalog.updateMaterializedView(name, { isPaused: action === 'pause' });
  // A view that has ended with an error is tried again.
  await (action === 'pause' ? views.stop(name) : views.start(definition));
  return noAnswer;
}

/** FLUSH: answered when the views have committed what their sources held. Without a name: all that run. */
export async function flush(statement: Flush, services: Services, { signal }: Request): Promise<Answer> {
  const { catalog, kafka, views, clock } = services;
  const wanted =
    statement.name === null
      ? catalog.materializedViews().filter(({ isPaused }) => !isPaused)
      : [expectMaterializedView(statement.name.name, services)];
  await flushViews(wanted, { catalog, kafka, views, clock, signal });
  return noAnswer;
}

/** @throws {MillraceError} PLAN_STREAM_UNKNOWN */
export function expectMaterializedView(name: string, { catalog }: Services) {
  const definition = catalog.materializedView(name);
  if (definition !== undefined) return definition;
  const kind = catalog.kindOf(name);
  if (kind === undefined) {
    const names = catalog.materializedViews().map((view) => view.name);
    throw unknownName(name, names, 'materialized view');
  }
  throw new MillraceError('PLAN_STREAM_UNKNOWN', `${name} is a ${kind}, not a materialized view`, { details: { name, kind } });
}
