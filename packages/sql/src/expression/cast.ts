import type { Cast, TypeName } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { TokenCursor } from '../token-cursor.ts';
import { parseTypeName } from './type-name.ts';

/** `CAST(x AS t)` or `cast(x, 't')`. */
export function parseCast(p: Parser): Cast {
  const { start } = p.advance();
  const opening = p.advance();
  const operand = p.expression();
  const type = p.accept(',') ? parseTypeString(p) : parseTypeBehindAs(p);
  p.close(')', opening);
  return { kind: 'cast', operand, type, start, end: p.end };
}

function parseTypeBehindAs(p: Parser): TypeName {
  p.hinting('write CAST(x AS type)');
  p.expect('AS');
  return parseTypeName(p, 'the cast');
}

function parseTypeString(p: Parser): TypeName {
  const { token } = p;
  const text = p.string("the type in quotes, as in 'int32'").trim();
  const inner = new TokenCursor(text);
  const { kind } = inner.token;
  const span = { start: token.start, end: token.end };
  try {
    if (kind === 'word' && parseTypeName(inner, 'the cast').text === text) return { text, ...span };
  } catch {
    // What is wrong inside the string is told as one error about the string.
  }
  throw p.error(token, `${token.text} is not the name of a type`, "a type is written as in 'decimal(10, 2)'");
}
