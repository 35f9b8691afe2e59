import type { Identifier } from '../ast.ts';
import type { Parser } from '../parser.ts';

/** `AS name`, or null. AS is mandatory, so that a misspelt keyword is never taken for an alias. */
export function parseAlias(p: Parser): Identifier | null {
  return p.accept('AS') ? p.identifier('an alias') : null;
}

/** If a name stands where an alias could: remembers what may be meant, for the error that follows. */
export function hintAlias(p: Parser, otherwise?: string): void {
  const { text, key } = p.token;
  if (!p.atName() || key === 'FORMAT') return;
  p.hinting(`an alias needs AS: … AS ${text}`);
  if (otherwise !== undefined) p.hinting(otherwise);
}
