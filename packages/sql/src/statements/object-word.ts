import type { Parser } from '../parser.ts';

/**
 * Takes one of the words that may stand before a name (`DESCRIBE STREAM s`) and returns it, or null. If no name follows,
 * or only a FORMAT, the word is itself the name.
 */
export function parseObjectWord<Word extends string>(p: Parser, ...words: readonly Word[]): Word | null {
  const word = words.find((candidate) => p.at(candidate));
  const isFormatNext = p.peek(1).key === 'FORMAT' && p.atName(2);
  if (word === undefined || !p.atName(1) || isFormatNext) return null;
  p.advance();
  return word;
}
