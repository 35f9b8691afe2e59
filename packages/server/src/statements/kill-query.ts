import { MillraceError } from '@millrace/core';
import type { ExplainLive, KillQuery } from '@millrace/sql';
import { liveLines } from '../queries/explain-live.ts';
import { type Answer, textRows } from './answer.ts';
import type { Services } from './services.ts';

/** KILL QUERY: ends a query; its client is told. Of an unknown id: no rows, no error. */
export function killQuery({ queryId }: KillQuery, { queries }: Services): Answer {
  const isKilled = queries.kill(queryId);
  return textRows(['query_id', 'state'], isKilled ? [[queryId, 'killed']] : []);
}

/** EXPLAIN LIVE: what a running query is doing. @throws {MillraceError} PLAN_ARGUMENT_INVALID if no query has the id */
export async function explainLive({ queryId }: ExplainLive, { queries }: Services): Promise<Answer> {
  const record = await queries.record(queryId);
  if (record === undefined)
    throw new MillraceError('PLAN_ARGUMENT_INVALID', `no query ${queryId} is running`, { hint: 'SHOW QUERIES lists those that are' });
  return textRows(
    ['explain'],
    liveLines(record).map((line) => [line]),
  );
}
