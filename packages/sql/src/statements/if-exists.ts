import type { Parser } from '../parser.ts';

/** `IF NOT EXISTS`; a lone IF is a name. */
export function parseIfNotExists(p: Parser): boolean {
  return parseCondition(p, 'IF', 'NOT', 'EXISTS');
}

/** `IF EXISTS`; a lone IF is a name. */
export function parseIfExists(p: Parser): boolean {
  return parseCondition(p, 'IF', 'EXISTS');
}

function parseCondition(p: Parser, ...words: readonly string[]): boolean {
  const isBegun = p.at('IF', 'NOT') || p.at('IF', 'EXISTS');
  return isBegun ? p.expect(...words) !== undefined : p.accept(...words);
}
