import type { Show } from '../ast.ts';
import type { Parser } from '../parser.ts';

/** `[[NOT] [I]LIKE '…']` of the SHOW statements. */
export function parseLike(p: Parser): Show['like'] {
  const negated = p.at('NOT', 'LIKE') || p.at('NOT', 'ILIKE');
  if (negated) p.advance();
  const caseInsensitive = p.accept('ILIKE');
  if (!caseInsensitive && !p.accept('LIKE')) return null;
  return { pattern: p.string('a pattern in quotes'), negated, caseInsensitive };
}
