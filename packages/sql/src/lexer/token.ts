/**
 * What a token is. `word` covers keywords and unquoted names alike (which of the two, the grammar says); `data` is the raw
 * text behind `INSERT … FORMAT name`; `invalid` is a piece that is no token (an unclosed string, a stray character).
 */
export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'duration' | 'symbol' | 'comment' | 'data' | 'invalid' | 'end';

/**
 * A piece of the text. `start` and `end` are offsets in UTF-16 units, `end` is exclusive.
 * `key` is what the grammar compares with: the upper-case spelling of a word, the text of a symbol, else empty.
 */
export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly key: string;
  /** Of an invalid token: what is wrong with it, and what to do. */
  readonly problem?: TokenProblem;
}

/** Why a token is invalid; `opening` is true if what it opens is never closed (then more text may mend it). */
export interface TokenProblem {
  readonly message: string;
  readonly hint?: string;
  readonly opening: boolean;
}
