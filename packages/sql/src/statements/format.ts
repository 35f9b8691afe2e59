import type { Identifier } from '../ast.ts';
import type { Parser } from '../parser.ts';

/** `FORMAT name`, or null; it is the last clause of a statement. */
export function parseFormat(p: Parser): Identifier | null {
  if (!p.accept('FORMAT')) return null;
  const format = p.identifier("a format's name");
  const { key } = p.token;
  if (clausesBeforeFormat.has(key)) throw p.error(p.token, `${key} stands behind FORMAT`, 'FORMAT is the last clause');
  return format;
}

const clausesBeforeFormat: ReadonlySet<string> = new Set(
  'FROM WHERE PARTITION GROUP HAVING ORDER LIMIT OFFSET EMIT SETTINGS UNION'.split(' '),
);
