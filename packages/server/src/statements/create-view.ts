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
  await (statement.orReplace && exists ? catalog.replaceView(view, judgedBy) : catalog.createView(view, judgedBy));
  return noAnswer;
}
