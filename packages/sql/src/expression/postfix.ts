import type { Expression } from '../ast.ts';
import { unquote } from '../lexer/string-literal.ts';
import type { Parser } from '../parser.ts';
import { parseTypeName } from './type-name.ts';

/** What may stand behind an operand, any number of times: `::type`, `[index]`, `.member`, `:json.path`. */
export function parsePostfixes(p: Parser, operand: Expression): Expression {
  let result = operand;
  for (let count = 0; ; count++) {
    p.assertNesting(p.nesting + count);
    const parse = p.token.kind === 'symbol' ? postfixParsers[p.token.key] : undefined;
    if (parse === undefined) return result;
    result = parse(p, result);
  }
}

const postfixParsers: Readonly<Record<string, (p: Parser, operand: Expression) => Expression>> = {
  '::': parseCastBehind,
  '[': parseSubscript,
  '.': parseMember,
  ':': parseJsonPath,
};

function parseCastBehind(p: Parser, operand: Expression): Expression {
  p.advance();
  const type = parseTypeName(p, 'the cast');
  return { kind: 'cast', operand, type, start: operand.start, end: p.end };
}

function parseSubscript(p: Parser, operand: Expression): Expression {
  const opening = p.advance();
  const index = p.expression();
  p.close(']', opening);
  return { kind: 'subscript', operand, index, start: operand.start, end: p.end };
}

function parseMember(p: Parser, operand: Expression): Expression {
  p.advance();
  const { token } = p;
  const isIndex = token.kind === 'number' && /^\d+$/.test(token.text);
  const member = isIndex ? p.advance().text : p.anyName("a member's name or number");
  return { kind: 'member', operand, member, start: operand.start, end: p.end };
}

function parseJsonPath(p: Parser, operand: Expression): Expression {
  p.advance();
  const path = [p.at('[') ? parsePathIndex(p) : p.anyName('a key of the JSON path')];
  for (;;) {
    if (p.at('.')) {
      p.advance();
      path.push(p.anyName('a key of the JSON path'));
    } else if (p.at('[')) path.push(parsePathIndex(p));
    else return { kind: 'json_path', operand, path, start: operand.start, end: p.end };
  }
}

function parsePathIndex(p: Parser): string {
  const opening = p.advance();
  const { token } = p;
  if (token.kind === 'string') {
    p.advance();
    p.close(']', opening);
    return unquote(token.text);
  }
  if (token.kind !== 'number' || !/^\d+$/.test(token.text)) {
    p.expecting('a number');
    p.hinting('an index that is computed needs brackets around the path: (raw:a)[i]');
    p.unexpected();
  }
  p.advance();
  p.close(']', opening);
  return token.text;
}
