import type { Placeholder } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseTypeName } from './type-name.ts';

/** `{name:type}`. */
export function parsePlaceholder(p: Parser): Placeholder {
  const opening = p.advance();
  p.hinting('parameters are written {name:type}');
  const name = p.anyName("a parameter's name");
  p.hinting('parameters are written {name:type}');
  p.expect(':');
  const type = parseTypeName(p, `parameter '${name}'`);
  p.close('}', opening);
  return { kind: 'placeholder', name, type, start: opening.start, end: p.end };
}
