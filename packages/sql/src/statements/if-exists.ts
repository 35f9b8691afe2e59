import type { Parser } from '../parser.ts';

/** `IF NOT EXISTS`. */
export function parseIfNotExists(p: Parser): boolean {
  if (!p.at('IF')) return p.accept('IF', 'NOT', 'EXISTS');
  return p.expect('IF', 'NOT', 'EXISTS') !== undefined;
}

/** `IF EXISTS`. */
export function parseIfExists(p: Parser): boolean {
  return p.accept('IF', 'EXISTS');
}
