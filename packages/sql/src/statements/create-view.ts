import type { CreateMaterializedView, CreateView, Query } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseIfNotExists } from './if-exists.ts';

/** What follows `CREATE [OR REPLACE] VIEW`. */
export function parseCreateView(p: Parser, start: number, orReplace: boolean): CreateView {
  const ifNotExists = parseIfNotExists(p);
  const name = parseStreamName(p, 'the name of the view');
  const query = parseDefinition(p);
  return { kind: 'create_view', ifNotExists, orReplace, name, query, start, end: p.end };
}

/** What follows `CREATE [OR REPLACE] MATERIALIZED VIEW`. Its settings stand behind the query and belong to the last SELECT. */
export function parseCreateMaterializedView(p: Parser, start: number, orReplace: boolean): CreateMaterializedView {
  const ifNotExists = parseIfNotExists(p);
  const name = parseStreamName(p, 'the name of the view');
  const into = p.accept('INTO') ? parseStreamName(p, 'the stream that the view writes to') : null;
  const query = parseDefinition(p);
  return { kind: 'create_materialized_view', ifNotExists, orReplace, name, into, query, start, end: p.end };
}

function parseDefinition(p: Parser): Query {
  p.expect('AS');
  const query = p.query();
  if (p.at('FORMAT')) p.hinting('a view has no FORMAT: it belongs to the SELECT that reads the view');
  return query;
}
