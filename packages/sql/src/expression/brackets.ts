import type { ArrayLiteral, Expression, Query } from '../ast.ts';
import type { Parser } from '../parser.ts';

/** `(e)`, `(a, b)`, `(a,)`, or `(SELECT …)`. */
export function parseGroup(p: Parser): Expression {
  const opening = p.advance();
  const { start } = opening;
  if (atQuery(p)) {
    const query = parseBracketedQuery(p, opening);
    return { kind: 'subquery', query, start, end: p.end };
  }
  const first = p.expression();
  if (!p.at(',')) {
    p.expecting(',');
    p.hintMissingComma();
    p.close(')', opening);
    return { ...first, start, end: p.end };
  }
  p.advance();
  const rest = p.list(')', opening, () => p.expression());
  return { kind: 'tuple', elements: [first, ...rest], start, end: p.end };
}

/** `[a, b]`. */
export function parseArray(p: Parser): ArrayLiteral {
  const opening = p.advance();
  const elements: Expression[] = [];
  // Not p.list: its two frames a level would be felt where arrays nest a thousand deep.
  while (!p.accept(']')) {
    elements.push(p.expression());
    if (p.accept(',')) continue;
    p.hintMissingComma();
    p.close(']', opening);
    break;
  }
  return { kind: 'array', elements, start: opening.start, end: p.end };
}

/** Whether a query begins here. */
export function atQuery(p: Parser): boolean {
  return p.at('SELECT') || (p.at('WITH') && p.peek(1).kind !== 'symbol');
}

/** The query behind an opening bracket, and the bracket that closes it. */
export function parseBracketedQuery(p: Parser, opening: Parameters<Parser['close']>[1]): Query {
  const query = p.query();
  p.close(')', opening);
  return query;
}
