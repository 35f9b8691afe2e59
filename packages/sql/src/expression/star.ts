import type { Star } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { identifierOf } from '../token-cursor.ts';

/** `*` or `s.*`, or null if neither stands here. */
export function parseStar(p: Parser): Star | null {
  const { start } = p;
  if (p.at('*')) {
    p.advance();
    return { kind: 'star', qualifier: null, start, end: p.end };
  }
  if (!p.atName() || p.peek(1).key !== '.' || p.peek(2).key !== '*') return null;
  const qualifier = identifierOf(p.advance());
  p.expect('.');
  p.expect('*');
  return { kind: 'star', qualifier, start, end: p.end };
}
