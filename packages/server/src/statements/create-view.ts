import { MillraceError } from '@millrace/core';
import { dependenciesOf, describeColumns } from '@millrace/planner';
import { type CreateView, print } from '@millrace/sql';
import { type Answer, noAnswer } from './answer.ts';
import { planContext } from './plan-context.ts';
import type { Request, Services } from './services.ts';

/** CREATE [OR REPLACE] VIEW: its query is planned once, so that it is known to be right. @throws {MillraceError} PLAN_* */
export async function createView(statement: CreateView, services: Services, request: Request): Promise<Answer> {
  const { catalog, clock } = services;
  const { name } = statement.name;
  const judgedBy = catalog.version;
  const exists = catalog.view(name) !== undefined;
  if (statement.ifNotExists && exists) return noAnswer;
  const columns = describeColumns(statement.query, planContext(services, request));
  const view = { name, sql: print(statement.query), columns, dependsOn: dependenciesOf(statement.query), createdAtMs: clock.now() };
  if (view.dependsOn.includes(name) && exists)
    throw new MillraceError('PLAN_QUERY_INCORRECT', `the view ${name} would read itself`, { hint: 'give the new view another name' });
  if (statement.orReplace && exists) refuseUnderMaterialized(name, services);
  await (statement.orReplace && exists ? catalog.replaceView(view, judgedBy) : catalog.createView(view, judgedBy));
  return noAnswer;
}

/** A materialized view is planned from its text whenever it starts: another plain view would change it without a word. */
function refuseUnderMaterialized(name: string, { catalog }: Services): void {
  const readers = new Set([name]);
  for (const reader of readers) for (const dependent of catalog.dependentsOf(reader)) readers.add(dependent);
  const dependents = [...readers].filter((reader) => catalog.materializedView(reader) !== undefined);
  if (dependents.length === 0) return;
  throw new MillraceError('STREAM_HAS_DEPENDENTS', `the view ${name} is part of materialized views: ${dependents.join(', ')}`, {
    hint: 'make a plain view of another name, and CREATE OR REPLACE the materialized ones to read it',
    details: { name, dependents },
  });
}
