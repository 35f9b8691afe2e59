import { MillraceError } from '@millrace/core';
import { explainPlan, planQuery } from '@millrace/planner';
import { type CreateMaterializedView, type Explain, print, type Query, type Statement } from '@millrace/sql';
import { type Answer, textRows } from './answer.ts';
import { defineView } from './create-materialized-view.ts';
import { planContext } from './plan-context.ts';
import { explainUpgrade } from './replace-materialized-view.ts';
import type { Request, Services } from './services.ts';

/** EXPLAIN and EXPLAIN SYNTAX: the plan of a query, or the canonical text of a statement; nothing is run. */
export function explain({ mode, statement }: Explain, services: Services, request: Request): Answer {
  if (mode === 'upgrade') return explainUpgrade(defineView(viewOf(statement), services, request), services, request);
  if (mode === 'syntax') return textRows(['explain'], [[print(statement)]]);
  const plan = planQuery(queryOf(statement), planContext(services, request));
  const lines = [...explainPlan(plan).split('\n'), ...plan.notices.map((notice) => `notice: ${notice}`)];
  return textRows(
    ['explain'],
    lines.filter((line) => line !== '').map((line) => [line]),
  );
}

function viewOf(statement: Statement): CreateMaterializedView {
  if (statement.kind === 'create_materialized_view') return statement;
  throw new MillraceError('NOT_SUPPORTED', 'EXPLAIN UPGRADE takes CREATE MATERIALIZED VIEW');
}

function queryOf(statement: Statement): Query {
  if (statement.kind === 'select_statement' || statement.kind === 'create_view') return statement.query;
  if (statement.kind === 'insert' && statement.rows.kind === 'query') return statement.rows.query;
  throw new MillraceError('NOT_SUPPORTED', 'EXPLAIN shows the plan of a query', { hint: 'EXPLAIN SYNTAX takes every statement' });
}
