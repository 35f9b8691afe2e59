import type { Identifier, Show } from '../ast.ts';
import { printIdentifier, printString } from './names.ts';

/** The parts that are there, with spaces between them. */
export function words(...parts: readonly (string | false | null | undefined)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' ');
}

export function printFormat(format: Identifier | null): string | null {
  return format === null ? null : `FORMAT ${printIdentifier(format)}`;
}

export function printLike(like: Show['like']): string | null {
  if (like === null) return null;
  return words(like.negated && 'NOT', like.caseInsensitive ? 'ILIKE' : 'LIKE', printString(like.pattern));
}
