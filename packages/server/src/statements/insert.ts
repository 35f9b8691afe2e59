import { MillraceError } from '@millrace/core';
import { planInsert, type QueryPlan, resolveQuerySettings, withSettingsClause } from '@millrace/planner';
import type { SinkRequest } from '@millrace/runtime';
import type { Insert } from '@millrace/sql';
import { insertRows, type RowsSource, streamToInsert } from '../insert/insert-rows.ts';
import { planPlacement, recordOptions } from '../insert/stream-target.ts';
import { queryAnswer } from '../queries/run-query.ts';
import { type Answer, noAnswer } from './answer.ts';
import { planContext } from './plan-context.ts';
import type { Request, Services } from './services.ts';

/** INSERT INTO … VALUES, SELECT, FORMAT. Rows that stand in the request are durable when this resolves; a query runs when its answer is taken. */
export async function insert(statement: Insert, services: Services, request: Request): Promise<Answer> {
  if (statement.rows.kind === 'query') return insertQuery(statement, services, request);
  const { rows, batches } = await insertRows(
    statement.into.name,
    statement.columns,
    sourceOf(statement, request),
    planContext(services, request),
    services,
  );
  return { ...noAnswer, written: { rows, batches } };
}

function sourceOf({ rows, settings }: Insert, { data, settings: given, source }: Request): RowsSource {
  if (rows.kind === 'values' && rows.tuples.length > 0) return rows;
  const { maxInsertBlockBytes } = withSettingsClause(resolveQuerySettings(given), settings, source);
  const format = rows.kind === 'format' ? rows.format.name : 'Values';
  const inline = rows.kind === 'format' ? Buffer.from(rows.data) : Buffer.alloc(0);
  if (data !== null && inline.toString().trim() !== '') {
    throw new MillraceError('PLAN_QUERY_INCORRECT', 'there is data in the statement and in the body', {
      hint: 'send it in one of the two',
    });
  }
  if (rows.kind === 'values' && data === null)
    throw new MillraceError('SQL_SYNTAX', 'there are no rows behind VALUES, and none in the body');
  return { kind: 'text', format, data: data ?? inline, maxBlockBytes: maxInsertBlockBytes };
}

function insertQuery(statement: Insert, services: Services, request: Request): Answer {
  const stream = streamToInsert(statement.into.name, services);
  if (statement.rows.kind !== 'query') return noAnswer;
  const context = planContext(services, request);
  const plan = planInsert(stream, statement.columns, statement.rows.query, context);
  const timeIndex = stream.columns.length;
  const sink: SinkRequest = {
    kind: 'stream',
    format: stream.dataFormat,
    options: recordOptions(services.timezone),
    schema: stream.columns,
    target: {
      topic: stream.topic,
      valueColumns: [...stream.columns.keys()],
      time: timeColumn(plan, timeIndex),
      ...planPlacement(stream, context),
    },
  };
  return queryAnswer(plan, 'Null', statement, request, services, sink);
}

function timeColumn({ schema }: QueryPlan, index: number) {
  return { kind: 'column', type: schema[index]!.type, index } as const;
}
