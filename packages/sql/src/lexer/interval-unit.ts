import type { IntervalUnit } from '../ast.ts';

/** The units of a duration token (`5s`). Only `M` (month) and `m` (minute) differ by case. */
const suffixes: Readonly<Record<string, IntervalUnit>> = {
  ns: 'nanosecond',
  us: 'microsecond',
  ms: 'millisecond',
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  M: 'month',
  q: 'quarter',
  y: 'year',
};

/** The units behind `INTERVAL n`, in upper case; each also with a plural S. */
export const intervalUnitWords: readonly string[] = Object.values(suffixes).map((unit) => unit.toUpperCase());

/** The unit that ends a duration token, or undefined: `s` → second. */
export function unitOfSuffix(suffix: string): IntervalUnit | undefined {
  return Object.hasOwn(suffixes, suffix) ? suffixes[suffix] : lowerCaseUnit(suffix.toLowerCase());
}

/** The unit that an upper-case word names, or undefined: `SECONDS` → second. */
export function unitOfWord(word: string): IntervalUnit | undefined {
  const singular = word.endsWith('S') ? word.slice(0, -1) : word;
  return intervalUnitWords.includes(singular) ? (singular.toLowerCase() as IntervalUnit) : undefined;
}

function lowerCaseUnit(suffix: string): IntervalUnit | undefined {
  return Object.hasOwn(suffixes, suffix) ? suffixes[suffix] : undefined;
}
