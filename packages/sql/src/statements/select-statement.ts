import type { SelectStatement } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseFormat } from './format.ts';

/** A query as a statement, `FORMAT` last. */
export function parseSelectStatement(p: Parser): SelectStatement {
  const { start } = p;
  const query = p.query();
  const format = parseFormat(p);
  return { kind: 'select_statement', query, format, start, end: p.end };
}
