import type { Parser } from '../parser.ts';
import { atQuery, parseBracketedQuery } from './brackets.ts';
import { type Operand, readOperand } from './operand.ts';

/** What stands behind IN: `(1, 2)`, `(SELECT …)`, or one array-valued operand. */
export function parseInList(p: Parser): Operand {
  const opening = p.token;
  const { start } = opening;
  if (!p.at('(')) {
    const only = readOperand(p);
    return { kind: 'list', list: only.kind === 'expression' ? [only.expression] : [], subquery: null, start, end: p.end };
  }
  p.advance();
  if (atQuery(p)) {
    const subquery = parseBracketedQuery(p, opening);
    return { kind: 'list', list: [], subquery, start, end: p.end };
  }
  const first = p.expression();
  const rest = p.accept(',') ? p.list(')', opening, () => p.expression()) : closeSingle(p, opening);
  return { kind: 'list', list: [first, ...rest], subquery: null, start, end: p.end };
}

function closeSingle(p: Parser, opening: Parameters<Parser['close']>[1]): [] {
  p.hintMissingComma();
  p.close(')', opening);
  return [];
}
