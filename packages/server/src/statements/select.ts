import { planQuery, resolveQuerySettings, withSettingsClause } from '@millrace/planner';
import type { SelectStatement } from '@millrace/sql';
import { queryAnswer } from '../queries/run-query.ts';
import type { Answer } from './answer.ts';
import { planContext } from './plan-context.ts';
import type { Request, Services } from './services.ts';

/** SELECT. @throws {MillraceError} PLAN_*, NOT_SUPPORTED */
export function select(statement: SelectStatement, services: Services, request: Request): Answer {
  const plan = planQuery(statement.query, planContext(services, request));
  return inOwnSettings(queryAnswer(plan, statement.format?.name ?? null, statement, request, services), statement, request);
}

/** The answer as the SETTINGS clause behind the last SELECT wants it written. */
function inOwnSettings(answer: Answer, { query }: SelectStatement, { settings, source }: Request): Answer {
  const clause = query.selects.at(-1)!.settings;
  if (clause.length === 0) return answer;
  const { quote64BitIntegers, quoteDenormals } = withSettingsClause(resolveQuerySettings(settings), clause, source);
  return {
    ...answer,
    run: ({ format, options }, sink, signal) =>
      answer.run({ format, options: { ...options, quote64BitIntegers, quoteDenormals } }, sink, signal),
  };
}
