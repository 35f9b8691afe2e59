import { a, type Column, defineProcessor, Sql, type SqlQuery } from '@millrace/sdk';

/** Queries by the columns that they were compiled for: those of streams change rarely, but a pipe may read many. */
interface Compiled {
  readonly sql: Sql;
  readonly select: string;
  readonly queries: Map<string, SqlQuery>;
}

export default defineProcessor({
  name: 'sql-processor',
  summary: 'Filters and changes rows by a SELECT over `event`, any that needs one row at a time.',
  attributes: a.object({
    sql: a
      .string()
      .describe('the SELECT; `event` are the rows of the stream')
      .example('SELECT device, temperature * 1.8 + 32 AS fahrenheit FROM event WHERE temperature > 30'),
  }),
  inject: { sql: Sql },
  open({ attributes: { sql: select }, sql }): Compiled {
    sql.check(select);
    return { sql, select, queries: new Map() };
  },
  processBatch(event, emit, compiled) {
    const result = queryFor(event.columns, compiled).run(event);
    if (result.rowCount > 0) emit.event(result);
  },
});

function queryFor(columns: readonly Column[], { sql, select, queries }: Compiled): SqlQuery {
  const key = JSON.stringify(columns);
  const query = queries.get(key) ?? sql.compile(select, columns);
  queries.set(key, query);
  return query;
}
