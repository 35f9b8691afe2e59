import { MillraceError } from '@millrace/core';
import type { QueryPlan } from '@millrace/planner';
import type { SinkRequest } from '@millrace/runtime';
import type { Node } from '@millrace/sql';
import type { Answer } from '../statements/answer.ts';
import type { Request, Services } from '../statements/services.ts';

/** The answer of a query: runs when somebody takes it. @param target writes the rows into a topic instead; the answer is then empty */
export function queryAnswer(
  plan: QueryPlan,
  format: string | null,
  statement: Node,
  request: Request,
  { queries }: Services,
  target?: SinkRequest,
): Answer {
  const sql = request.source.slice(statement.start, statement.end);
  return {
    schema: target === undefined ? plan.schema : [],
    bounded: plan.bounded,
    format,
    async run(output, sink, signal) {
      signal.throwIfAborted();
      const running = queries.start({
        queryId: request.queryId,
        sql,
        user: request.user,
        plan,
        sink: target ?? { kind: 'result', ...output },
      });
      const onAbort = () => running.cancel(abortReason(signal));
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await running.ready;
        // Of a query that ends, nobody waits for the headers: with the first bytes or a failure it is early enough.
        let isStarted = !plan.bounded;
        if (isStarted) await sink.start();
        for await (const bytes of running.output) {
          if (!isStarted) await sink.start();
          isStarted = true;
          await sink.write(bytes);
        }
        if (!isStarted) await sink.start();
        const { rowsOut, elapsedMs, rowsIn, bytesIn } = await running.done;
        return { rows: rowsOut, elapsedMs, rowsRead: rowsIn, bytesRead: bytesIn };
      } finally {
        signal.removeEventListener('abort', onAbort);
        running.cancel(new MillraceError('QUERY_CANCELLED', 'nobody takes the results any more'));
      }
    },
  };
}

function abortReason({ reason }: AbortSignal): MillraceError {
  return reason instanceof MillraceError ? reason : new MillraceError('QUERY_CANCELLED', 'the request was given up');
}
