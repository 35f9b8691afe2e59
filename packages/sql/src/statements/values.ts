import type { Expression } from '../ast.ts';
import { refuseQuotedValue } from '../expression/quoted-value.ts';
import { unquote } from '../lexer/string-literal.ts';
import type { Token } from '../lexer/token.ts';
import type { Parser } from '../parser.ts';

/** The tuples behind VALUES, with or without commas between them. */
export function parseValues(p: Parser): Expression[][] {
  const tuples = [parseTuple(p)];
  for (;;) {
    if (p.at(',') && p.peek(1).key === '(') p.advance();
    if (!p.at('(')) break;
    tuples.push(parseTuple(p));
  }
  p.accept(',');
  p.expecting('(');
  return tuples;
}

function parseTuple(p: Parser): Expression[] {
  const opening = p.expect('(');
  if (p.at(')')) {
    p.expecting('a value');
    p.unexpected();
  }
  return p.list(')', opening, () => parseValue(p));
}

function parseValue(p: Parser): Expression {
  const literal = parseLiteral(p);
  if (literal !== null) return literal;
  const value = p.expression();
  refuseQuotedValue(p, value);
  return value;
}

/**
 * A literal that is the whole element, or null. Bulk inserts are made of these: read straight from the tokens
 * they cost a tenth of what the expression engine takes.
 */
function parseLiteral(p: Parser): Expression | null {
  const { token } = p;
  const isNegative = token.key === '-';
  const valueToken = isNegative ? p.peek(1) : token;
  const { key } = p.peek(isNegative ? 2 : 1);
  if (key !== ',' && key !== ')') return null;
  const literal = literalOf(valueToken);
  if (literal === null || (isNegative && literal.kind !== 'number')) return null;
  if (isNegative) p.advance();
  p.advance();
  return isNegative ? { kind: 'unary', operator: '-', operand: literal, start: token.start, end: literal.end } : literal;
}

function literalOf({ kind, key, text, start, end }: Token): Expression | null {
  if (kind === 'number') return { kind, text, start, end };
  if (kind === 'string') return { kind, value: unquote(text), start, end };
  if (key === 'NULL') return { kind: 'null', start, end };
  return key === 'TRUE' || key === 'FALSE' ? { kind: 'boolean', value: key === 'TRUE', start, end } : null;
}
