import type { ColumnReference } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { identifierOf } from '../token-cursor.ts';

/** `a`, `s.a`, `s.nested.a`; behind a dot every word is a name. */
export function parseReference(p: Parser): ColumnReference {
  const parts = [identifierOf(p.advance())];
  while (p.at('.') && isName(p.peek(1).kind)) {
    p.advance();
    parts.push(identifierOf(p.advance()));
  }
  return { kind: 'column', parts, start: parts[0]!.start, end: p.end };
}

function isName(kind: string): boolean {
  return kind === 'word' || kind === 'quoted';
}
