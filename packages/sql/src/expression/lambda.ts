import type { Identifier, Lambda } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { identifierOf } from '../token-cursor.ts';

/** `x -> e` or `(x, y) -> e`, or null if none stands here. */
export function parseLambda(p: Parser): Lambda | null {
  const length = parametersLength(p);
  if (length === 0) return null;
  const { start } = p;
  const parameters: Identifier[] = [];
  for (let taken = 0; taken < length; taken++) {
    const token = p.advance();
    if (token.kind !== 'symbol') parameters.push(identifierOf(token));
  }
  p.expect('->');
  const body = p.expression();
  return { kind: 'lambda', parameters, body, start, end: body.end };
}

/** How many tokens the parameters before an arrow take, or 0 if there is no arrow. */
function parametersLength(p: Parser): number {
  if (p.atName()) return p.peek(1).key === '->' ? 1 : 0;
  if (!p.at('(')) return 0;
  let distance = 1;
  while (p.atName(distance)) {
    const separator = p.peek(distance + 1).key;
    if (separator === ')') return p.peek(distance + 2).key === '->' ? distance + 2 : 0;
    if (separator !== ',') return 0;
    distance += 2;
  }
  return 0;
}
