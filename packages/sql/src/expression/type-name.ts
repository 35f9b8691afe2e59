import type { TypeName } from '../ast.ts';
import { reservedWords } from '../lexer/keywords.ts';
import type { TokenCursor } from '../token-cursor.ts';

const closing: Readonly<Record<string, ')' | ']'>> = { '(': ')', '[': ']' };

/** The text of a data type: a word, and what stands in the brackets behind it, whatever that is. */
export function parseTypeName(p: TokenCursor, of: string): TypeName {
  const { token } = p;
  if (token.kind !== 'word' || reservedWords.has(token.key)) {
    p.expecting(`the type of ${of}`);
    p.unexpected();
  }
  p.advance();
  if (p.at('(')) skipBrackets(p);
  return { text: p.source.slice(token.start, p.end), start: token.start, end: p.end };
}

function skipBrackets(p: TokenCursor): void {
  const open = [p.advance()];
  while (open.length > 0) {
    const innermost = open.at(-1)!;
    const { kind, key } = p.token;
    if (key === '(' || key === '[') open.push(p.advance());
    else if (key === ')' || key === ']' || key === ';' || kind === 'end' || kind === 'invalid') {
      if (key === ';') throw p.error(innermost, `unclosed '${innermost.text}'`, `close it with '${closing[innermost.key]!}'`);
      p.close(closing[innermost.key]!, innermost);
      open.pop();
    } else p.advance();
  }
}
