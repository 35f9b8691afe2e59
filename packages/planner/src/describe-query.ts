import type { ColumnDefinition } from '@millrace/catalog';
import type { Query, Source } from '@millrace/sql';
import type { PlanContext } from './context.ts';
import { planError } from './plan-error.ts';
import { planQuery } from './plan-query.ts';

/**
 * The columns that a query gives: what CREATE VIEW keeps and DESCRIBE prints.
 * @throws {MillraceError} as {@link planQuery}, and PLAN_QUERY_INCORRECT if two columns have one name.
 */
export function describeColumns(query: Query, context: PlanContext): readonly ColumnDefinition[] {
  const { schema } = planQuery(query, context);
  const twice = schema.find(({ name }, index) => schema.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) {
    const message = `two columns are called ${twice.name}`;
    throw planError('PLAN_QUERY_INCORRECT', message, { source: context.source, node: query.selects[0]! }, 'give one of them an alias');
  }
  return schema.map(({ name, type }) => ({ name, type, default: null, comment: null }));
}

/** The streams and views that a query names itself, each once: what a view depends on. Its own CTEs are not among them. */
export function dependenciesOf(query: Query): readonly string[] {
  const names = new Set<string>();
  visitQuery(query, new Set(), names);
  return [...names];
}

function visitQuery(query: Query, common: ReadonlySet<string>, names: Set<string>): void {
  let visible = common;
  for (const table of query.with) {
    visitQuery(table.query, visible, names);
    visible = new Set([...visible, table.name.name]);
  }
  for (const { from } of query.selects) if (from !== null) visitSource(from, visible, names);
}

function visitSource(source: Source, common: ReadonlySet<string>, names: Set<string>): void {
  switch (source.kind) {
    case 'named':
      if (!common.has(source.name.name)) names.add(source.name.name);
      return;
    case 'subquery':
      visitQuery(source.query, common, names);
      return;
    case 'table':
    case 'function':
      visitSource(source.input, common, names);
      return;
    case 'join':
      visitSource(source.left, common, names);
      visitSource(source.right, common, names);
  }
}
