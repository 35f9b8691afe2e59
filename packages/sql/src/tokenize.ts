import { keywords } from './lexer/keywords.ts';
import { lex } from './lexer/lex.ts';
import type { Token } from './lexer/token.ts';

/**
 * What a piece of SQL is to one who colours or completes it. `identifier` covers names with and without quotes;
 * `data` is what stands behind `INSERT … FORMAT name`; `invalid` is no token: a stray character, or a string that is not closed (yet).
 */
export type SyntaxKind = 'keyword' | 'identifier' | 'string' | 'number' | 'operator' | 'comment' | 'data' | 'invalid';

/** A piece of the text: `source.slice(start, end)`. White space is left out. */
export interface SyntaxToken {
  readonly kind: SyntaxKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const keywordSet: ReadonlySet<string> = new Set(keywords);

/** Cuts a text into coloured pieces. Never throws, whatever the text; a word counts as keyword wherever it stands. */
export function tokenize(source: string): readonly SyntaxToken[] {
  return lex(source).flatMap((token) => {
    const kind = syntaxKindOf(token);
    return kind === null ? [] : [{ kind, start: token.start, end: token.end, text: token.text }];
  });
}

function syntaxKindOf(token: Token): SyntaxKind | null {
  switch (token.kind) {
    case 'end':
      return null;
    case 'word':
      return keywordSet.has(token.key) ? 'keyword' : 'identifier';
    case 'quoted':
      return 'identifier';
    case 'duration':
      return 'number';
    case 'symbol':
      return 'operator';
    default:
      return token.kind;
  }
}
