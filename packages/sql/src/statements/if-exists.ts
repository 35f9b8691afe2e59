import type { Parser } from '../parser.ts';

/** `IF NOT EXISTS`. */
export function parseIfNotExists(p: Parser): boolean {
  if (!p.at('IF')) return p.accept('IF', 'NOT', 'EXISTS');
  return p.expect('IF', 'NOT', 'EXISTS') !== undefined;
}

/** `IF EXISTS`. */
export function parseIfExists(p: Parser): boolean {
  const isBegun = p.at('IF') && (p.at('IF', 'NOT') || p.atName(1));
  return isBegun ? p.expect('IF', 'EXISTS') !== undefined : p.accept('IF', 'EXISTS');
}
