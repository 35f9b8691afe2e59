import { planQuery } from '@millrace/planner';
import type { SelectStatement } from '@millrace/sql';
import { queryAnswer } from '../queries/run-query.ts';
import type { Answer } from './answer.ts';
import { planContext } from './plan-context.ts';
import type { Request, Services } from './services.ts';

/** SELECT. @throws {MillraceError} PLAN_*, NOT_SUPPORTED */
export function select(statement: SelectStatement, services: Services, request: Request): Answer {
  const plan = planQuery(statement.query, planContext(services, request));
  return queryAnswer(plan, statement.format?.name ?? null, statement, request, services);
}
