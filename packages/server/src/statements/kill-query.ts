import { MillraceError } from '@millrace/core';
import type { ExplainLive, KillQuery } from '@millrace/sql';
import { liveLines, liveViewLines } from '../queries/explain-live.ts';
import { type Answer, textRows } from './answer.ts';
import type { Services } from './services.ts';

/** KILL QUERY: ends a query; its client is told. Of an unknown id: no rows, no error. */
export function killQuery({ queryId }: KillQuery, { queries }: Services): Answer {
  const isKilled = queries.kill(queryId);
  return textRows(['query_id', 'state'], isKilled ? [[queryId, 'killed']] : []);
}

/**
 * EXPLAIN LIVE: what a running query, or a materialized view, is doing.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID if no query has the id, and no materialized view the name
 */
export async function explainLive({ queryId }: ExplainLive, { queries, catalog, views }: Services): Promise<Answer> {
  const lines = (all: readonly string[]) =>
    textRows(
      ['explain'],
      all.map((line) => [line]),
    );
  const record = await queries.record(queryId);
  if (record !== undefined) return lines(liveLines(record));
  const view = catalog.materializedView(queryId);
  if (view !== undefined) return lines(liveViewLines(await views.record(view), view.sql));
  throw new MillraceError('PLAN_ARGUMENT_INVALID', `no query ${queryId} is running`, {
    hint: 'SHOW QUERIES lists those that are, SHOW MATERIALIZED VIEWS the views',
  });
}
