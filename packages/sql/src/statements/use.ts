import type { Use } from '../ast.ts';
import type { Parser } from '../parser.ts';

/** `USE database`. */
export function parseUse(p: Parser): Use {
  const { start } = p.advance();
  const database = p.identifier('a database');
  return { kind: 'use', database, start, end: p.end };
}
