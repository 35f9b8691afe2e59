import { MillraceError, positionAt } from '@millrace/core';
import { aggregateFunction } from '@millrace/functions';
import { type Expression, type Node, parseQuery, type Query, type Select, walkExpression } from '@millrace/sql';

/** The name under which queries read the rows of an event. */
export const eventSource = 'event';

/** A SELECT that takes each row by itself. Columns are not looked at. @throws {MillraceError} SQL_SYNTAX, NOT_SUPPORTED with position */
export function parseStatelessSelect(text: string): Query {
  const query = parseQuery(text);
  const refuse = (node: Pick<Node, 'start' | 'end'>, what: string) => {
    throw refusal(text, node, `${what}: a query over events takes each row by itself`);
  };
  if (query.with.length > 0) refuse(query.with[0]!, 'WITH is not possible');
  if (query.selects.length > 1) refuse(query.selects[1]!, 'UNION ALL is not possible');
  const select = query.selects[0]!;
  checkFrom(select, text);
  for (const [node, what] of statefulClauses(select)) if (node !== undefined) refuse(node, `${what} is not possible`);
  for (const expression of expressionsOf(select)) {
    walkExpression(expression, (node) => {
      if (node.kind === 'call' && aggregateFunction(node.name.name) !== undefined)
        refuse(node, `the aggregate ${node.name.name} is not possible`);
      return true;
    });
  }
  return query;
}

function checkFrom({ from, items }: Select, text: string): void {
  if (from === null) throw refusal(text, items[0]!, `FROM is missing: a query over events reads FROM ${eventSource}`);
  if (from.kind !== 'named') throw refusal(text, from, `a query over events reads FROM ${eventSource}, and nothing else`);
  if (from.name.name !== eventSource)
    throw refusal(text, from.name, `there is nothing but the event here: FROM ${eventSource}, not FROM ${from.name.name}`);
}

function statefulClauses(select: Select): [Pick<Node, 'start' | 'end'> | undefined, string][] {
  return [
    [select.distinct ? select.items[0] : undefined, 'DISTINCT'],
    [select.partitionBy[0], 'PARTITION BY'],
    [select.groupBy[0], 'GROUP BY'],
    [select.having ?? undefined, 'HAVING'],
    [select.orderBy[0], 'ORDER BY'],
    [select.limitBy ?? undefined, 'LIMIT BY'],
    [select.limit ?? undefined, 'LIMIT'],
    [select.offset ?? undefined, 'OFFSET'],
    [select.emit ?? undefined, 'EMIT'],
    [select.settings[0], 'SETTINGS'],
  ];
}

function expressionsOf({ items, where }: Select): Expression[] {
  return [...items.map(({ expression }) => expression), ...(where === null ? [] : [where])];
}

function refusal(text: string, { start, end }: Pick<Node, 'start' | 'end'>, message: string): MillraceError {
  return new MillraceError('NOT_SUPPORTED', message, { source: text, position: positionAt(text, start, Math.max(1, end - start)) });
}
