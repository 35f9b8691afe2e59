import type { Call, Expression } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { identifierOf } from '../token-cursor.ts';
import { atQuery } from './brackets.ts';
import { parseStar } from './star.ts';

/** `f(a, b)`, `f(DISTINCT a)`, `count(*)`, `quantile(0.9)(x)`. */
export function parseCall(p: Parser): Call {
  const name = identifierOf(p.advance());
  const first = parseArguments(p);
  const second = p.at('(') && !first.distinct ? parseArguments(p) : null;
  const { distinct, list } = second ?? first;
  const parameters = second === null ? [] : first.list;
  return { kind: 'call', name, parameters, arguments: list, distinct, start: name.start, end: p.end };
}

function parseArguments(p: Parser): { distinct: boolean; list: readonly Expression[] } {
  const opening = p.advance();
  const distinct = p.accept('DISTINCT');
  const list: Expression[] = [];
  while (!p.accept(')')) {
    if (atQuery(p)) refuseQuery(p);
    list.push(parseStar(p) ?? p.expression());
    if (p.accept(',')) continue;
    p.hintMissingComma();
    p.close(')', opening);
    break;
  }
  return { distinct, list };
}

function refuseQuery(p: Parser): never {
  p.hinting('a subquery as an argument needs brackets of its own: f((SELECT …))');
  p.expecting('an expression');
  p.unexpected();
}
