import type { SetStatement } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseSettings } from '../query/settings.ts';

/** `SET name = value, …`. */
export function parseSet(p: Parser): SetStatement {
  const { start } = p.advance();
  const settings = parseSettings(p);
  return { kind: 'set', settings, start, end: p.end };
}
