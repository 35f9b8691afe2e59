import type { Case, Expression } from '../ast.ts';
import type { Parser } from '../parser.ts';

/** `CASE [operand] WHEN … THEN … [ELSE …] END`. */
export function parseCase(p: Parser): Case {
  const opening = p.advance();
  const operand = p.at('WHEN') ? null : p.expression();
  const branches: { when: Expression; then: Expression }[] = [];
  do branches.push(parseBranch(p));
  while (p.at('WHEN'));
  p.expecting('WHEN');
  const otherwise = p.accept('ELSE') ? p.expression() : null;
  if (p.token.kind === 'end') throw p.error(opening, 'unclosed CASE', 'close it with END');
  p.expect('END');
  return { kind: 'case', operand, branches, otherwise, start: opening.start, end: p.end };
}

function parseBranch(p: Parser): { when: Expression; then: Expression } {
  p.expect('WHEN');
  const when = p.expression();
  p.expect('THEN');
  const then = p.expression();
  return { when, then };
}
