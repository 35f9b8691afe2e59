import type { Identifier } from '../ast.ts';
import type { Parser } from '../parser.ts';

/** The name of a stream or view. There is one database, `default`; clients that write it before the name may. */
export function parseStreamName(p: Parser, what: string): Identifier {
  const first = p.identifier(what);
  if (!p.at('.')) return first;
  if (first.name !== 'default') {
    p.notSupported(first, `there is no database '${first.name}', only 'default'`, 'a name with a dot in it is written in quotes: "a.b"');
  }
  p.advance();
  return p.identifier(what);
}
