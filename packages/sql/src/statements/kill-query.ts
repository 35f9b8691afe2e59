import type { KillQuery } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseFormat } from './format.ts';

/** `KILL QUERY WHERE query_id = '…' [SYNC | ASYNC]`: killing always waits until the query has ended. */
export function parseKillQuery(p: Parser): KillQuery {
  const { start } = p.advance();
  p.expect('QUERY');
  p.expect('WHERE');
  p.hinting("a query is killed by its id: WHERE query_id = '…'");
  p.expect('QUERY_ID');
  p.expect('=');
  const queryId = p.string("a query's id in quotes");
  if (p.at('SYNC') || p.at('ASYNC')) p.advance();
  const format = parseFormat(p);
  return { kind: 'kill_query', queryId, format, start, end: p.end };
}
