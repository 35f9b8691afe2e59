import type { CommonTable, Query, Select } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseSelect } from './select.ts';

/** `[WITH …] SELECT … [UNION ALL SELECT …]…`. */
export function parseQueryText(p: Parser): Query {
  const { start } = p;
  const commonTables = p.accept('WITH') ? parseCommonTables(p) : [];
  const selects = [...parseOperand(p)];
  while (p.accept('UNION', 'ALL')) selects.push(...parseOperand(p));
  refuseOtherSetOperations(p);
  return { kind: 'query', with: commonTables, selects, start, end: p.end };
}

function parseCommonTables(p: Parser): CommonTable[] {
  if (p.at('RECURSIVE') && p.atName(1)) p.notSupported(p.token, 'WITH RECURSIVE is not supported');
  const tables: CommonTable[] = [];
  do tables.push(parseCommonTable(p));
  while (p.accept(',') && !p.at('SELECT'));
  return tables;
}

function parseCommonTable(p: Parser): CommonTable {
  const { start } = p;
  const hint = 'a common table is written WITH name AS (SELECT …)';
  p.hinting(hint);
  const name = p.identifier("a common table's name");
  p.hinting(hint);
  p.expect('AS');
  p.hinting(hint);
  const opening = p.expect('(');
  const query = p.query();
  p.close(')', opening);
  return { name, query, start, end: p.end };
}

/** One SELECT, or a union in brackets. */
function parseOperand(p: Parser): readonly Select[] {
  if (!p.at('(')) return [parseSelect(p)];
  const opening = p.advance();
  const inner = p.query();
  p.close(')', opening);
  if (inner.with.length > 0)
    p.notSupported(inner, 'WITH inside the brackets of a UNION is not supported', 'put it before the first SELECT');
  return inner.selects;
}

function refuseOtherSetOperations(p: Parser): void {
  const { token } = p;
  if (token.key === 'INTERSECT' || token.key === 'EXCEPT') p.notSupported(token, `${token.key} is not supported`);
  if (token.key !== 'UNION') return;
  if (p.peek(1).key === 'DISTINCT')
    p.notSupported(token, 'UNION DISTINCT is not supported', 'write SELECT DISTINCT … FROM (… UNION ALL …)');
  throw p.error(p.peek(1), 'UNION stands without ALL', 'write UNION ALL');
}
