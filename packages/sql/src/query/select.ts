import type { Select, SelectItem } from '../ast.ts';
import { parseStar } from '../expression/star.ts';
import type { Parser } from '../parser.ts';
import { hintAlias, parseAlias } from './alias.ts';
import { parseClauses } from './clauses.ts';
import { parseFrom } from './source.ts';

/** `SELECT [DISTINCT] e [AS a], … [FROM …]` and the clauses behind. */
export function parseSelect(p: Parser): Select {
  const { start } = p;
  p.expect('SELECT');
  const distinct = p.accept('DISTINCT');
  const items = parseItems(p);
  const from = p.accept('FROM') ? parseFrom(p) : null;
  const clauses = parseClauses(p);
  return { kind: 'select', distinct, items, from, ...clauses, start, end: p.end };
}

function parseItems(p: Parser): SelectItem[] {
  const items: SelectItem[] = [];
  do items.push(parseItem(p));
  while (p.accept(',') && !p.at('FROM'));
  hintAlias(p, 'is a comma missing?');
  return items;
}

function parseItem(p: Parser): SelectItem {
  const { start } = p;
  const expression = parseStar(p) ?? p.expression();
  const alias = parseAlias(p);
  return { expression, alias, start, end: p.end };
}
